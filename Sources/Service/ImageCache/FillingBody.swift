import NIOConcurrencyHelpers
import NIOCore
public import ObjectStorage
import TaskSupport

/// A body that is being read from the store into memory. Any number of readers follow it while it grows, each at its
/// own pace. A ``BodyReservation`` counts the bytes.
///
/// The read ends early when the last reader has left.
public final class FillingBody: Sendable {
    private struct State {
        /// The pieces that have come so far.
        var chunks: [ByteBuffer] = []
        var received = 0
        /// How many bytes had come when readers were last woken.
        var announced = 0
        var outcome: Result<Void, any Error>?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var readers = 0
        /// The last reader has left: nobody can join any more.
        var isAbandoned = false
        var producer: Task<Void, Never>?
    }

    /// The size of the whole body.
    public let size: Int
    private let reservation: BodyReservation
    private let state = NIOLockedValueBox(State())

    /// Begins to read `source`. `ended` gets the bytes when all `reservation.bytes` of them have come, else nil.
    ///
    /// A reader must come soon: without one, the read goes on to the end of the body.
    init(
        reading source: ObjectBody, in reservation: BodyReservation, ended: @escaping @Sendable ([ByteBuffer]?) -> Void
    ) {
        size = reservation.bytes
        self.reservation = reservation
        let task = Task(executorPreference: RequestExecutor.executor) { [self] in
            do {
                for try await chunk in source {
                    guard let wakes = append(chunk) else {
                        throw StorageError(.badAnswer, during: .get, detail: "a body longer than its object")
                    }
                    // Readers mostly run on the same thread. If the source always has more bytes at once, they would
                    // get nothing before its end.
                    if wakes { await Task.yield() }
                }
                let (chunks, received) = state.withLockedValue { ($0.chunks, $0.received) }
                guard received == size else {
                    throw StorageError(.badAnswer, during: .get, detail: "a body shorter than its object")
                }
                ended(chunks)
                finish(.success(()))
            } catch {
                ended(nil)
                finish(.failure(error))
            }
        }
        state.withLockedValue { if $0.outcome == nil { $0.producer = task } }
    }

    /// A stream of the whole body. It throws if the store breaks off. Nil if the read was given up.
    public func stream() -> ObjectBody? {
        guard let reader = Reader(self) else { return nil }
        return ObjectBody {
            var place = Place()
            return {
                while true {
                    if let chunk = try reader.body.chunk(at: &place) {
                        return chunk.readableBytes > 0 ? chunk : nil
                    }
                    await reader.body.grown(beyond: place)
                    try Task.checkCancellation()
                }
            }
        }
    }

    /// How far a reader has come, in chunks and in bytes.
    private struct Place {
        var chunk = 0
        var offset = 0
    }

    /// Counts as a reader for as long as it is held.
    private final class Reader: Sendable {
        let body: FillingBody

        init?(_ body: FillingBody) {
            let joined = body.state.withLockedValue { state in
                guard !state.isAbandoned else { return false }
                state.readers += 1
                return true
            }
            guard joined else { return nil }
            self.body = body
        }

        deinit {
            let abandoned = body.state.withLockedValue { state -> Task<Void, Never>? in
                state.readers -= 1
                guard state.readers == 0, state.outcome == nil else { return nil }
                state.isAbandoned = true
                return state.producer
            }
            abandoned?.cancel()
        }
    }

    /// The bytes at this place, which then moves past them. Empty at the end; nil if they have not come yet.
    private func chunk(at place: inout Place) throws -> ByteBuffer? {
        try state.withLockedValue { state in
            guard place.chunk < state.chunks.count else {
                try state.outcome?.get()
                return state.outcome == nil ? nil : ByteBuffer()
            }
            let chunk = state.chunks[place.chunk]
            place.chunk += 1
            place.offset += chunk.readableBytes
            return chunk
        }
    }

    /// Readers are woken after so many bytes.
    private static let announcedBytes = 128 << 10

    private func grown(beyond place: Place) async {
        let waiter = state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLockedValue { state in
                    guard place.offset == state.received, state.outcome == nil, !Task.isCancelled else { return false }
                    state.waiters[waiter] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }

    /// Returns whether readers were woken; nil if there are more bytes than the object has.
    private func append(_ chunk: ByteBuffer) -> Bool? {
        guard chunk.readableBytes > 0 else { return false }
        // A chunk may be a small part of a large read buffer. Keeping it would keep the whole buffer.
        let isLoose = chunk.storageCapacity > chunk.readableBytes + chunk.readableBytes / 4
        let chunk = isLoose ? ByteBuffer(bytes: chunk.readableBytesView) : chunk
        let (taken, wakes) = state.withLockedValue { state in
            guard state.received + chunk.readableBytes <= size else { return (false, false) }
            state.received += chunk.readableBytes
            state.chunks.append(chunk)
            // A store sends small pieces, and waking every reader for each one costs more than the bytes do.
            let isEnough = state.announced == 0 || state.received - state.announced >= Self.announcedBytes
            let wakes = isEnough || state.received == size
            if wakes { state.announced = state.received }
            return (true, wakes)
        }
        guard taken else { return nil }
        return wakes && wakeReaders()
    }

    private func finish(_ outcome: Result<Void, any Error>) {
        state.withLockedValue { state in
            state.outcome = outcome
            state.producer = nil
        }
        wakeReaders()
    }

    /// - Returns: whether any reader was waiting.
    @discardableResult
    private func wakeReaders() -> Bool {
        let waiters = state.withLockedValue { state in
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume() }
        return !waiters.isEmpty
    }
}
