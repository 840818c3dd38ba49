import NIOConcurrencyHelpers
import NIOCore

/// A multipart upload to a local file: each part is written at its offset in a temporary file.
final class LocalUpload: MultipartUpload {
    private struct State {
        /// Nil after the move to its key, or after an abort.
        var file: TemporaryFile?
        /// The numbers of the parts written so far.
        var written: Set<Int> = []
    }

    private let key: LocalKey
    private let writer: LocalWriter
    private let pool: BlockingPool
    private let partSize: Int64
    private let state: NIOLockedValueBox<State>

    init(_ file: TemporaryFile, key: LocalKey, writer: LocalWriter, pool: BlockingPool, partSize: Int) {
        self.key = key
        self.writer = writer
        self.pool = pool
        self.partSize = Int64(partSize)
        self.state = NIOLockedValueBox(State(file: file))
    }

    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError) {
        guard bytes.readableBytes > 0 else {
            throw StorageError(.unsupported, during: .uploadPart, detail: "an empty part")
        }
        let file = try open(during: .uploadPart)
        let offset = Int64(number - 1) * partSize
        try await pool.run(.uploadPart) { () throws(LocalStorageError) in try file.write(bytes, at: offset) }
        _ = state.withLockedValue { $0.written.insert(number) }
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        let file = try open(during: .completeUpload)
        let written = state.withLockedValue { $0.written }
        guard let last = written.max(), written.count == last else {
            throw StorageError(.unsupported, during: .completeUpload, detail: "an upload without parts, or with a gap")
        }
        let etag = try await pool.run(.completeUpload) { [key, writer] () throws(LocalStorageError) in
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

    private func open(during operation: StorageError.Operation) throws(StorageError) -> TemporaryFile {
        guard let file = state.withLockedValue({ $0.file }) else {
            throw StorageError(.notFound, during: operation, detail: "the upload has ended")
        }
        return file
    }
}
