import ObjectStorage
import TextCoding

/// How old an answer from memory is. This server is a cache in front of its store, and what has to be counted is the
/// time since the store was last asked: then the `max-age` of a browser or a CDN counts from there as well, and not
/// from when the answer passed through here (RFC 9111, section 4.2.3).
///
/// Date goes with it: it says when the answer was generated, which for a cache is when it was asked for, so that Date
/// and Age add up to now. A Date of now beside an Age would be a clock that goes wrong.
struct AnswerAge: Sendable, Hashable {
    /// When the question was sent that the answer goes back to.
    var asked: ContinuousClock.Instant

    /// The value of Age: whole seconds, not rounded up, never negative.
    func seconds(now: ContinuousClock.Instant = .now) -> Int {
        max(0, Int((now - asked).components.seconds))
    }

    /// The value of Date, of second precision. The same for as long as the store is not asked again, give or take what
    /// the clocks differ by.
    func date(now: Timestamp = .now, clock: ContinuousClock.Instant = .now) -> Timestamp {
        let elapsed = (clock - asked).components
        let nanoseconds = Int64(now.nanoseconds) - elapsed.attoseconds / 1_000_000_000
        return Timestamp(seconds: now.seconds - elapsed.seconds - (nanoseconds < 0 ? 1 : 0))
    }
}
