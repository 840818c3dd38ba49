import ImageCodecs
import Metrics

/// Counts what codec libraries refuse without anybody having foreseen it. The client is told that this one image cannot
/// be worked on; whoever runs the server sees here that there is something to be mended.
enum CodecErrorMetrics {
    private static let counter = Counter(label: "tintype_codec_errors_total")

    static func note(_ error: CodecError) {
        if case .fault = error { counter.increment() }
    }
}
