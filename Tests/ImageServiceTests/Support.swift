import Admission
import ImageCodecs
import ImageModel
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TaskSupport
import TestClock

/// Serves objects from memory, counts the requests, and can fail or wait when a test wants it.
final class ScriptedStorage: ObjectStorage {
    private struct State {
        var counts: [StorageError.Operation: Int] = [:]
        var reads: [ObjectKey: Int] = [:]
        var errorCode: StorageError.Code?
        var holds = false
        var held: [UInt64: CheckedContinuation<Bool, Never>] = [:]
        var lastID: UInt64 = 0
        /// Operations that fail after the base has acted, like a lost response.
        var losesAnswers: Set<StorageError.Operation> = []
        /// Operations that fail before the base acts, with these errors one after the other.
        var rejections: [StorageError.Operation: [StorageError.Code]] = [:]
        /// Closures that run before the next operation of this kind.
        var hooks: [StorageError.Operation: @Sendable () async -> Void] = [:]
        var unbindsMetadata = false
        var latePut: @Sendable () async -> Void = {}
        var holdsNextPut = false
        /// The bodies of these objects break off in the middle.
        var breaksBodiesOf: @Sendable (ObjectKey) -> Bool = { _ in false }
        var openBodies = 0
        var mostOpenBodies = 0
    }

    private let base: any ObjectStorage
    private let state = NIOLockedValueBox(State())

    init(_ base: any ObjectStorage = MemoryStorage()) {
        self.base = base
    }

    var capabilities: StorageCapabilities { base.capabilities }

    func count(_ operation: StorageError.Operation) -> Int { state.withLockedValue { $0.counts[operation] ?? 0 } }

    /// How often this object was read with its body.
    func reads(of key: ObjectKey) -> Int { state.withLockedValue { $0.reads[key] ?? 0 } }

    func fail(with code: StorageError.Code?) { state.withLockedValue { $0.errorCode = code } }

    /// Sends no response from now on, like a store that hangs, until ``letGo()``.
    func hold() { state.withLockedValue { $0.holds = true } }

    func letGo() {
        let held = state.withLockedValue { state in
            state.holds = false
            defer { state.held = [:] }
            return state.held.values
        }
        for continuation in held { continuation.resume(returning: true) }
    }

    /// - Returns: whether to continue; false if the caller was cancelled.
    private func passGate() async -> Bool {
        let id = state.withLockedValue { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLockedValue { state in
                    guard state.holds else { return true }
                    if Task.isCancelled { return false }
                    state.held[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLockedValue { $0.held.removeValue(forKey: id) }?.resume(returning: false)
        }
    }

    func loseAnswers(_ operations: Set<StorageError.Operation>) {
        state.withLockedValue { $0.losesAnswers = operations }
    }

    /// Fails the next operations of this kind with these errors, one after the other, before anything is done.
    func reject(_ operation: StorageError.Operation, with codes: [StorageError.Code]) {
        state.withLockedValue { $0.rejections[operation] = codes }
    }

    /// Reports every object as one whose metadata is not bound to its bytes.
    func unbindMetadata() { state.withLockedValue { $0.unbindsMetadata = true } }

    private func told(_ info: ObjectInfo) -> ObjectInfo {
        var info = info
        if state.withLockedValue({ $0.unbindsMetadata }) { info.hasBoundMetadata = false }
        return info
    }

    /// Runs the closure just before the next operation of this kind.
    func before(next operation: StorageError.Operation, _ hook: @escaping @Sendable () async -> Void) {
        state.withLockedValue { $0.hooks[operation] = hook }
    }

    /// The next put times out at once. It takes effect only just before the next operation of this kind.
    func holdNextPut(untilNext operation: StorageError.Operation) {
        state.withLockedValue { state in
            state.holdsNextPut = true
            state.latePut = {}
        }
        before(next: .put) { [self] in
            before(next: operation) { [self] in await state.withLockedValue { $0.latePut }() }
        }
    }

    /// The largest number of bodies that were being read at the same time.
    var mostOpenBodies: Int { state.withLockedValue { $0.mostOpenBodies } }

    /// From now on the bodies of these objects break off in the middle.
    func breakBodies(of isBroken: @escaping @Sendable (ObjectKey) -> Bool) {
        state.withLockedValue { $0.breaksBodiesOf = isBroken }
    }

    private static func broken(_ body: ObjectBody) -> ObjectBody {
        ObjectBody {
            var iterator = body.makeAsyncIterator()
            var isFirst = true
            return {
                guard isFirst, let chunk = try await iterator.next() else {
                    throw StorageError(.unavailable, during: .get, detail: "broken off")
                }
                isFirst = false
                return chunk.getSlice(at: chunk.readerIndex, length: chunk.readableBytes / 2)
            }
        }
    }

    private func counted(_ body: ObjectBody) -> ObjectBody {
        ObjectBody { [self] in
            state.withLockedValue { state in
                state.openBodies += 1
                state.mostOpenBodies = max(state.mostOpenBodies, state.openBodies)
            }
            var iterator = body.makeAsyncIterator()
            return { [self] in
                for _ in 0..<10 { await Task.yield() }
                if let chunk = try await iterator.next() { return chunk }
                state.withLockedValue { $0.openBodies -= 1 }
                return nil
            }
        }
    }

    fileprivate func before(_ operation: StorageError.Operation) async throws(StorageError) {
        if let hook = state.withLockedValue({ $0.hooks.removeValue(forKey: operation) }) { await hook() }
        let errorCode = state.withLockedValue { state in
            state.counts[operation, default: 0] += 1
            let rejection =
                state.rejections[operation]?.isEmpty == false ? state.rejections[operation]?.removeFirst() : nil
            return rejection ?? state.errorCode
        }
        guard await passGate() else { throw StorageError(.cancelled, during: operation) }
        if let errorCode { throw StorageError(errorCode, during: operation) }
    }

    /// Counts an operation that can neither fail nor wait.
    fileprivate func note(_ operation: StorageError.Operation) {
        state.withLockedValue { $0.counts[operation, default: 0] += 1 }
    }

    fileprivate func after(_ operation: StorageError.Operation) throws(StorageError) {
        let isLost = state.withLockedValue { $0.losesAnswers.remove(operation) != nil }
        if isLost { throw StorageError(.unavailable, during: operation) }
    }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        try await before(.get)
        state.withLockedValue { $0.reads[key, default: 0] += 1 }
        var got = try await base.get(key, options: options)
        got.info = told(got.info)
        got.body = counted(got.body)
        if state.withLockedValue({ $0.breaksBodiesOf })(key) { got.body = Self.broken(got.body) }
        return got
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        try await before(.head)
        return told(try await base.head(key))
    }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        try await before(.put)
        let isHeld = state.withLockedValue { state in
            defer { state.holdsNextPut = false }
            guard state.holdsNextPut else { return false }
            state.latePut = { [base] in _ = try? await base.put(key, bytes: bytes, options: options) }
            return true
        }
        if isHeld { throw StorageError(.timedOut, during: .put) }
        let result = try await base.put(key, bytes: bytes, options: options)
        try after(.put)
        return result
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        try await before(.beginUpload)
        return ScriptedUpload(base: try await base.beginUpload(key, options: options), storage: self)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await before(.delete)
        try await base.delete(key, ifMatch: ifMatch)
        try after(.delete)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage {
        try await before(.list)
        return try await base.list(request)
    }

    func checkAvailability() async throws(StorageError) {
        try await before(.checkAvailability)
        try await base.checkAvailability()
    }
}

private final class ScriptedUpload: MultipartUpload {
    private let base: any MultipartUpload
    private let storage: ScriptedStorage

    init(base: any MultipartUpload, storage: ScriptedStorage) {
        self.base = base
        self.storage = storage
    }

    func uploadPart(_ bytes: ByteBuffer, number: Int) async throws(StorageError) {
        try await storage.before(.uploadPart)
        try await base.uploadPart(bytes, number: number)
    }

    func complete(mode: PutMode) async throws(StorageError) -> PutResult {
        try await storage.before(.completeUpload)
        let result = try await base.complete(mode: mode)
        try storage.after(.completeUpload)
        return result
    }

    func abort() async {
        storage.note(.abortUpload)
        await base.abort()
    }
}

extension ImageService {
    /// A service for tests.
    static func make(
        _ storage: any ObjectStorage, revalidateAfter: Duration = .seconds(5), staleFor: Duration = .seconds(3600),
        cacheBytes: Int = 64 << 20, maximumBytes: Int64 = 50 << 20, renderMemoryBytes: Int = 256 << 20,
        storageTimeout: Duration = .seconds(10), timeLimit: Duration = .seconds(30),
        codec: CodecLimits = CodecLimits(), metadata: MetadataPolicy = .keep, keeping: RenditionStoreOptions? = nil,
        answerMemoryBytes: Int = 256 << 20, answerWait: Duration = .milliseconds(20),
        clock: MonotonicClock = .continuous
    ) -> ImageService {
        ImageService(
            storage: storage,
            workers: CodecWorkers(
                memoryBytes: renderMemoryBytes, queueLimit: 100,
                pool: WorkerPool(threads: 2, queueLimit: 100, name: "test"),
                longPool: WorkerPool(threads: 2, queueLimit: 100, name: "test-long"), timeLimit: timeLimit),
            configuration: Configuration(
                uploads: UploadLimits(maximumBytes: maximumBytes, codec: codec, metadata: metadata),
                uploadMemoryBytes: 64 << 20, cacheBytes: cacheBytes, revalidateAfter: revalidateAfter,
                staleFor: staleFor, storageTimeout: storageTimeout, keeping: keeping,
                answerMemoryBytes: answerMemoryBytes, answerWait: answerWait),
            clock: clock)
    }

    func upload(_ path: ImagePath, _ bytes: [UInt8], _ condition: WriteCondition = .always) async throws
        -> UploadedImage
    {
        var rest: ByteBuffer? = ByteBuffer(bytes: bytes)
        return try await upload(to: path, condition: condition) {
            defer { rest = nil }
            return rest
        }
    }

    func rotate(_ path: ImagePath, by change: Orientation, condition: WriteCondition) async throws -> RotatedImage {
        try await rotate(path, by: RotationChange(change), condition: condition)
    }

    func bytes(_ path: ImagePath, expecting version: String? = nil) async throws -> [UInt8] {
        Array(try await open(path, expecting: version).body.collect(upTo: 100 << 20).readableBytesView)
    }
}

enum Samples {
    /// A small JPEG, and bytes after its end that make the file unique.
    static func jpeg(_ mark: String = "", padding: Int = 0) throws -> [UInt8] {
        let pixels = try PixelBuffer(width: 32, height: 16, layout: .rgb8)
        let file = try ImageEncoder.encode(
            pixels, format: .jpeg, quality: 90, metadata: nil, cancelled: CancelFlag())
        return file + Array(mark.utf8) + [UInt8](repeating: 7, count: padding)
    }

    /// A picture that does not compress, so that its file is about as long as its pixels.
    static func noise(_ format: ImageFormat, side: Int) throws -> [UInt8] {
        var pixels = try PixelBuffer(width: side, height: side / 2, layout: .rgb8)
        var random = SeededRandom(seed: 1)
        pixels.withUnsafeMutableBytes { bytes in
            for place in bytes.indices { bytes[place] = UInt8.random(in: .min ... .max, using: &random) }
        }
        return try ImageEncoder.encode(pixels, format: format, quality: 100, metadata: nil, cancelled: CancelFlag())
    }

    /// The PNG with an eXIf chunk after its pixels. It has orientation 6: rotated clockwise by a quarter.
    static func rotatedLate(_ png: [UInt8]) -> [UInt8] {
        let tiff = sixthOrientation
        let body = Array("eXIf".utf8) + tiff
        func long(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let end = 12
        return Array(png[..<(png.count - end)]) + long(UInt32(tiff.count)) + body + long(crc32(body))
            + Array(png[(png.count - end)...])
    }

    /// A still WebP of 800x400 pixels, followed by an EXIF block with orientation 6.
    static func rotatedLate(webp: [UInt8]) -> [UInt8] {
        func short(_ value: Int) -> [UInt8] { [0, 8, 16].map { UInt8(truncatingIfNeeded: value >> $0) } }
        func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
            Array(name.utf8) + short(data.count) + [0] + data + [UInt8](repeating: 0, count: data.count % 2)
        }
        // The header's flag announces EXIF. The first 12 bytes are the RIFF header; the picture's own chunk follows.
        let content =
            chunk("VP8X", [0x08, 0, 0, 0] + short(799) + short(399)) + webp[12...] + chunk("EXIF", sixthOrientation)
        return Array("RIFF".utf8) + short(content.count + 4) + [0] + Array("WEBP".utf8) + content
    }

    private static let sixthOrientation: [UInt8] = [
        0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
    ]

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
    }
}
