import ObjectStorage
import TextCoding

/// How old a response from memory is. This server is a cache in front of its store, so the age counts from the last
/// request to the store. Then the `max-age` of a browser or a CDN counts from there too, and not from when the response
/// passed through here (RFC 9111, section 4.2.3).
///
/// Date must match it: it says when the response was generated. For a cache that is when it asked the store, so that
/// Date plus Age is now. A current Date with an Age would look like a wrong clock.
struct AnswerAge: Sendable, Hashable {
    /// When the server sent the request to the store that led to this response.
    var asked: ContinuousClock.Instant

    /// The value of Age: whole seconds, not rounded up, never negative.
    func seconds(now: ContinuousClock.Instant = .now) -> Int {
        max(0, Int((now - asked).components.seconds))
    }

    /// The value of Date, in whole seconds. It stays the same until the store is asked again, apart from drift between
    /// the clocks.
    func date(now: Timestamp = .now, clock: ContinuousClock.Instant = .now) -> Timestamp {
        let elapsed = (clock - asked).components
        let nanoseconds = Int64(now.nanoseconds) - elapsed.attoseconds / 1_000_000_000
        return Timestamp(seconds: now.seconds - elapsed.seconds - (nanoseconds < 0 ? 1 : 0))
    }
}
