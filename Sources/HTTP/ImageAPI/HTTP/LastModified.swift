import ObjectStorage
import TextCoding

/// What is sent as Last-Modified. The store's own time, but never later than the answer's Date (RFC 9110, section
/// 8.8.2.1): file times can be anything, and clocks are set back.
enum LastModified {
    /// Where the store's time lies in the future, a second before Date stands in for it. Not Date itself: a replacement
    /// within that second would have the same, and a client that asks with If-Modified-Since alone would not get it.
    static func sent(_ stored: Timestamp, date: Timestamp) -> Timestamp {
        stored.seconds <= date.seconds ? stored : Timestamp(seconds: date.seconds - 1)
    }
}
