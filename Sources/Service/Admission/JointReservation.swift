import NIOConcurrencyHelpers

/// Bytes that several clients hold together. They are counted once, for one of the holders: the first one, and when
/// that one has left, another. They are given back when nobody holds them any more.
public final class JointReservation<Client: Hashable & Sendable>: Sendable {
    private struct Holders {
        /// The client that the bytes are counted for.
        var payer: Client
        var counts: [Client: Int] = [:]
    }

    private let reservation: ByteBudget<Client>.Reservation
    private let holders: NIOLockedValueBox<Holders>

    /// - Parameter payer: the client that the bytes are counted for so far.
    public init(_ reservation: ByteBudget<Client>.Reservation, for payer: Client) {
        self.reservation = reservation
        holders = NIOLockedValueBox(Holders(payer: payer))
    }

    /// One holder of the bytes, until the last reference goes.
    public final class Holder: Sendable {
        private let client: Client
        private let joint: JointReservation

        fileprivate init(_ client: Client, of joint: JointReservation) {
            self.client = client
            self.joint = joint
        }

        deinit {
            joint.leave(client)
        }
    }

    /// Holds the bytes for this client too.
    public func join(_ client: Client) -> Holder {
        holders.withLockedValue { $0.counts[client, default: 0] += 1 }
        return Holder(client, of: self)
    }

    private func leave(_ client: Client) {
        holders.withLockedValue { holders in
            let left = (holders.counts[client] ?? 1) - 1
            holders.counts[client] = left > 0 ? left : nil
            guard left == 0, holders.payer == client, let next = holders.counts.keys.first else { return }
            holders.payer = next
            reservation.move(to: next)
        }
    }
}
