import NIOCore
import ObjectStorage

extension DerivedObjects {
    /// Creates an object that only one writer can create, and finds out who has created it if the answer was lost: the
    /// bytes are the writer's own mark.
    func claim(_ name: String, with mark: WriteID, of version: OriginalVersion) async -> StoreOutcome {
        let bytes = ByteBuffer(string: mark.text)
        let outcome = await put(bytes, as: name, of: version, contentType: "text/plain")
        switch outcome {
        case .stored: return .stored
        // The store may have written it all the same, or a second try has met the first one's object.
        case .failed, .existed: return await holds(name, bytes, version) ? .stored : outcome
        }
    }

    private func holds(_ name: String, _ mark: ByteBuffer, _ version: OriginalVersion) async -> Bool {
        guard let got = try? await get(name, of: version) else { return false }
        return (try? await got.body.collect(upTo: 256)) == mark
    }
}
