import ImageCodecs
import ImageModel
import NIOCore
import TaskSupport

/// Reads headers away from the event loop that a request runs on (see `RequestExecutor`): a codec library opens the
/// file, a profile of megabytes is inflated and parsed, and thousands of boxes are gone over, all while thousands of
/// sockets would wait.
///
/// It does not queue behind codecs, which may be busy for seconds: it runs on Swift's own threads. The limits of
/// ``CodecLimits`` bound how long it takes.
enum HeaderReading {
    /// Files of so few bytes are read where the caller is: that takes no longer than to change threads twice.
    private static let smallBytes = 4 << 10

    /// Runs work that takes a time which grows with so many bytes.
    static func run<Value: Sendable, Failure: Error>(
        over bytes: Int, _ work: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard bytes > smallBytes else { return try work() }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(Failure) -> Value in
            try work()
        }
    }

    /// The header of a file, or of its first part.
    static func read(_ file: ByteBuffer, limits: CodecLimits) async throws(CodecError) -> ImageInfo {
        try await run(over: file.readableBytes) { () throws(CodecError) in
            try ImageHeader.read(file.readableBytesSpan, limits: limits)
        }
    }
}
