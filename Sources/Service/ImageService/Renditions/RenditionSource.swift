import Admission
import ImageCache
import ImageModel
import NIOCore

/// One rendition that is wanted, perhaps by several callers at the same time.
struct RenditionJob: Sendable {
    /// Equal for those who can share the work.
    struct Key: Hashable, Sendable {
        var version: OriginalVersion
        /// The canonical request, renderer revision included.
        var text: String
        var epoch: WriteEpoch
    }

    let resolved: ResolvedImage
    let spec: RenditionSpec
    let key: Key
    let client: ClientIdentity
}

/// A rendition as a source gives it.
enum RenditionBytes: Sendable {
    /// In memory, and counted there.
    case counted(RenderedRendition.Pixels)
    /// A finished file that nobody counts yet, with what was reserved for it before it was made. No reservation: the
    /// cache was expected to hold it.
    case new(ByteBuffer, AnswerMemory.Budget.Reservation?)
}

/// A place that renditions come from. The sources stand in a list; each asks the next one for what it does not have,
/// and may keep what comes back.
protocol RenditionSource: Sendable {
    func rendition(_ job: RenditionJob, next: RenditionSources) async throws(ServiceError) -> RenditionBytes
}

/// Sources in the order in which they are asked.
struct RenditionSources: Sendable {
    private let sources: ArraySlice<any RenditionSource>

    init(_ sources: ArraySlice<any RenditionSource>) {
        self.sources = sources
    }

    func rendition(_ job: RenditionJob) async throws(ServiceError) -> RenditionBytes {
        guard let first = sources.first else { throw .cannotRender("Nothing is left to make this rendition from.") }
        return try await first.rendition(job, next: RenditionSources(sources.dropFirst()))
    }
}
