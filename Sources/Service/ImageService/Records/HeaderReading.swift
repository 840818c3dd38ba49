import ImageCodecs
import ImageModel
import NIOCore
import TaskSupport

/// Reads headers off the event loop that a request runs on (see `RequestExecutor`). A codec library opens the file, a
/// profile of megabytes is inflated and parsed, thousands of boxes are read, and meanwhile thousands of sockets would
/// wait.
///
/// It does not queue for the codecs, which may be busy for seconds, but runs on Swift's own threads. The limits of
/// ``CodecLimits`` bound how long it takes.
enum HeaderReading {
    /// Files up to this size are read on the caller's thread: that takes no longer than two thread switches.
    private static let smallBytes = 4 << 10

    /// Runs work whose time grows with so many bytes.
    static func run<Value: Sendable, Failure: Error>(
        over bytes: Int, _ work: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard bytes > smallBytes else { return try work() }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(Failure) -> Value in
            try work()
        }
    }

    /// Reads the header from a file, or from its first part.
    static func read(_ file: ByteBuffer, limits: CodecLimits) async throws(CodecError) -> ImageInfo {
        try await run(over: file.readableBytes) { () throws(CodecError) in
            try ImageHeader.read(file.readableBytesSpan, limits: limits)
        }
    }
}
