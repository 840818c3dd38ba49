import ImageCodecs
import Metrics

/// Counts errors of the codec libraries that nobody has foreseen. The client only learns that this image cannot be
/// processed; the operator sees here that something needs a fix.
enum CodecErrorMetrics {
    private static let counter = Counter(label: "tintype_codec_errors_total")

    static func note(_ error: CodecError) {
        if case .internalError = error { counter.increment() }
    }
}
