import NIOConcurrencyHelpers
import NIOCore

/// A write in parts to a local file: each part goes to the end of a temporary file.
final class LocalUpload: MultipartUpload {
    private struct State {
        /// Nil once it is at its key, or given up.
        var file: TemporaryFile?
        var size: Int64 = 0
    }

    private let key: LocalKey
    private let writer: LocalWriter
    private let pool: BlockingPool
    private let state: NIOLockedValueBox<State>

    init(_ file: TemporaryFile, key: LocalKey, writer: LocalWriter, pool: BlockingPool) {
        self.key = key
        self.writer = writer
        self.pool = pool
        self.state = NIOLockedValueBox(State(file: file))
    }

    func uploadPart(_ bytes: ByteBuffer) async throws(StorageError) {
        guard bytes.readableBytes > 0 else {
            throw StorageError(.unsupported, during: .uploadPart, detail: "an empty part")
        }
        let (file, offset) = try open(during: .uploadPart)
        // A part that fails leaves the size as it is, so that it can be sent again.
        try await pool.run(.uploadPart) { () throws(LocalFailure) in try file.write(bytes, at: offset) }
        state.withLockedValue { $0.size = offset + Int64(bytes.readableBytes) }
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        let (file, size) = try open(during: .completeUpload)
        guard size > 0 else {
            throw StorageError(.unsupported, during: .completeUpload, detail: "an upload without parts")
        }
        let etag = try await pool.run(.completeUpload) { [key, writer] () throws(LocalFailure) in
            try writer.commit(file, to: key, mode: mode)
        }
        state.withLockedValue { $0.file = nil }
        return PutResult(etag: etag)
    }

    func abort() async {
        guard
            let file = state.withLockedValue({ state in
                defer { state.file = nil }
                return state.file
            })
        else { return }
        file.giveUp()
        await pool.runAnyway { file.discard() }
    }

    private func open(during operation: StorageError.Operation) throws(StorageError) -> (TemporaryFile, Int64) {
        let (file, size) = state.withLockedValue { ($0.file, $0.size) }
        guard let file else { throw StorageError(.notFound, during: operation, detail: "the upload has ended") }
        return (file, size)
    }
}
