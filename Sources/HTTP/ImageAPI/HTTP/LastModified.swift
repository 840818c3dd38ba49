import ObjectStorage
import TextCoding

/// The value of Last-Modified: the store's time, but never later than the response's Date (RFC 9110, section 8.8.2.1).
/// File times can be anything, and clocks are set back.
enum LastModified {
    /// If the store's time is in the future, the second before Date replaces it. Date itself would be wrong: a
    /// replacement within that second would have the same time, and a client that sends only If-Modified-Since would
    /// not get it.
    static func sent(_ stored: Timestamp, date: Timestamp) -> Timestamp {
        stored.seconds <= date.seconds ? stored : Timestamp(seconds: date.seconds - 1)
    }
}
