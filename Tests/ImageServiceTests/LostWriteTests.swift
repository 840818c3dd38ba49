import ImageModel
import ImageService
import NIOConcurrencyHelpers
import NIOCore
import ObjectStorage
import TestClock
import Testing

@Suite("Writes with an unknown outcome", .timeLimit(.minutes(2)))
struct LostWriteTests {
    private let path: ImagePath
    private let storage = ScriptedStorage()
    private let service: ImageService
    private let rotatedSize = PixelSize(width: 16, height: 32)

    init() throws {
        path = try ImagePath(Array("a/b.jpg".utf8))
        service = ImageService.make(storage)
    }

    /// The first write timed out. It takes effect after the rotate has started again: before its read, or between its
    /// read and its write.
    @Test("A rotate whose first write takes effect late is done once", arguments: [StorageError.Operation.get, .put])
    func lateRotate(_ landing: StorageError.Operation) async throws {
        let uploaded = try await service.upload(path, try Samples.jpeg())
        for condition in [WriteCondition.matches([uploaded.image.etag]), .exists] {
            _ = try await service.upload(path, try Samples.jpeg())
            // The memory store gives every write a new version.
            let etag = try await service.locate(path).image.etag
            storage.holdNextPut(untilNext: landing)
            let puts = storage.count(.put)
            let rotated = try await service.rotate(
                path, by: .rotated90, condition: condition == .exists ? .exists : .matches([etag]))
            #expect(rotated.image.image?.size == rotatedSize)
            #expect(rotated.isLossless)
            #expect(storage.count(.put) - puts == (landing == .get ? 1 : 2))
            let fresh = try await ImageService.make(storage).describe(path)
            #expect(fresh.image?.size == rotatedSize)
            #expect(fresh.etag == rotated.image.etag)
        }
    }

    @Test("A rotate whose write keeps failing reports this soon, and does not blame concurrent writes")
    func failingRotate() async throws {
        _ = try await service.upload(path, try Samples.jpeg())
        storage.reject(.put, with: Array(repeating: .unavailable, count: 10))
        let (puts, start) = (storage.count(.put), ContinuousClock.now)
        let error = await #expect(throws: ServiceError.self) {
            try await service.rotate(path, by: .rotated90, condition: .always)
        }
        guard case .storage(let cause)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.code == .unavailable)
        #expect(storage.count(.put) - puts == 2)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("A rotate that loses against concurrent writes tries again, and is not lost")
    func losingRotate() async throws {
        _ = try await service.upload(path, try Samples.jpeg())
        storage.reject(.put, with: [.conflict, .preconditionFailed, .conflict])
        let rotated = try await service.rotate(path, by: .rotated90, condition: .always)
        #expect(rotated.image.image?.size == rotatedSize)
    }

    @Test("If others have rotated the image since, a rotate describes the present version")
    func overtaken() async throws {
        _ = try await service.upload(path, try Samples.jpeg())
        let other = ImageService.make(storage)
        let path = path
        storage.loseAnswers([.put])
        // Between the lost response and the look-up of its outcome.
        storage.before(next: .put) { [storage] in
            storage.before(next: .head) { _ = try? await other.rotate(path, by: .rotated90, condition: .always) }
        }
        let rotated = try await service.rotate(path, by: .rotated90, condition: .always)
        let present = try await ImageService.make(storage).describe(path)
        #expect(present.image?.size == PixelSize(width: 32, height: 16))
        #expect(rotated.image.etag == present.etag)
        #expect(rotated.image.image == present.image)
        #expect(try await service.describe(path).image == present.image)
    }

    @Test("A plain upload whose response was lost has happened, and is not repeated")
    func lostUpload() async throws {
        storage.loseAnswers([.put])
        let uploaded = try await service.upload(path, try Samples.jpeg())
        #expect(uploaded.isNew)
        #expect(storage.count(.put) == 1)
        #expect(try await service.locate(path).image.etag == uploaded.image.etag)
    }

    @Test(
        "An upload in parts whose completion was not answered has happened, and is ended in the store",
        arguments: [WriteCondition.always, .createOnly])
    func lostCompletion(_ condition: WriteCondition) async throws {
        storage.loseAnswers([.completeUpload])
        let bytes = try Samples.jpeg(padding: 20_000_000)
        let uploaded = try await service.upload(path, bytes, condition)
        #expect(uploaded.isNew)
        #expect(storage.count(.completeUpload) == 1)
        // Otherwise the store would keep its record of the upload until the sweep.
        await until { storage.count(.abortUpload) == 1 }
        #expect(try await service.locate(path).image.etag == uploaded.image.etag)
        #expect(try await ImageService.make(storage).bytes(path) == bytes)
    }

    @Test("An upload in parts that was completed and answered is not ended a second time")
    func answeredCompletion() async throws {
        _ = try await service.upload(path, try Samples.jpeg(padding: 20_000_000))
        #expect(storage.count(.completeUpload) == 1)
        #expect(storage.count(.abortUpload) == 0)
    }

    @Test("An upload in parts that the store did not complete reports the error, and is ended in the store")
    func failedCompletion() async throws {
        storage.reject(.completeUpload, with: [.unavailable])
        let error = await #expect(throws: ServiceError.self) {
            try await service.upload(path, try Samples.jpeg(padding: 20_000_000))
        }
        guard case .storage(let cause)? = error, cause.code == .unavailable else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(storage.count(.abortUpload) == 1)
        await #expect(throws: ServiceError.self) { try await ImageService.make(storage).open(path) }
    }

    @Test(
        "A plain upload that did not reach the store is sent once more, over the old version", arguments: [false, true])
    func unsentUpload(isReplacing: Bool) async throws {
        if isReplacing { _ = try await service.upload(path, try Samples.jpeg("old")) }
        storage.reject(.put, with: [.unavailable])
        let uploaded = try await service.upload(path, try Samples.jpeg("new"))
        #expect(uploaded.isNew != isReplacing)
        #expect(try await service.bytes(path) == Samples.jpeg("new"))
        storage.reject(.put, with: [.unavailable, .unavailable])
        await #expect(throws: ServiceError.self) { try await service.upload(path, try Samples.jpeg("third")) }
    }

    @Test("A plain upload whose response was lost does not undo a later write of another client")
    func overwrittenUpload() async throws {
        let (other, path) = (ImageService.make(storage), path)
        let theirs = try Samples.jpeg("theirs")
        storage.loseAnswers([.put])
        storage.before(next: .put) { [storage] in
            storage.before(next: .head) { _ = try? await other.upload(path, theirs) }
        }
        // The look-up that decides between 200 and 201 comes first.
        storage.before(next: .head) {}
        let error = await #expect(throws: ServiceError.self) {
            try await service.upload(path, try Samples.jpeg("ours"))
        }
        guard case .storage(let cause)? = error, cause.code == .unavailable else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await ImageService.make(storage).bytes(path) == theirs)
    }

    @Test("If-Match: * accepts any existing version", arguments: [1000, 20_000_000])
    func anyVersion(padding: Int) async throws {
        _ = try await service.upload(path, try Samples.jpeg("old"))
        let (other, path) = (ImageService.make(storage), path)
        let bytes = try Samples.jpeg("new", padding: padding)
        storage.before(next: padding > 8 << 20 ? .completeUpload : .put) {
            _ = try? await other.upload(path, try Samples.jpeg("between"))
        }
        let uploaded = try await service.upload(path, bytes, .exists)
        #expect(!uploaded.isNew)
        #expect(try await ImageService.make(storage).bytes(path) == bytes)
        try await service.delete(path, condition: .exists)
        await #expect(throws: ServiceError.self) { try await service.upload(path, bytes, .exists) }
        await #expect(throws: ServiceError.self) { try await ImageService.make(storage).open(path) }
    }

    @Test("If the store is away only for the first look-up, the upload succeeds")
    func transientLook() async throws {
        storage.reject(.head, with: [.unavailable])
        let uploaded = try await service.upload(path, try Samples.jpeg(padding: 20_000_000))
        #expect(uploaded.isNew)
    }

    @Test("A part that fails shows that the store is away")
    func partsCount() async throws {
        // Two parts are sent at once. If one succeeded, it would show that the store is there.
        storage.reject(.uploadPart, with: [.unavailable, .unavailable])
        await #expect(throws: ServiceError.self) {
            try await service.upload(path, try Samples.jpeg(padding: 20_000_000))
        }
        #expect(service.usage.isStorageAway)
    }

    /// Over S3 a create-only write is repeated if its response is lost, and then meets its own object. The server
    /// answered 412 even if it could not find out whose object this was.
    @Test(
        "A create-only upload that may have met its own object reports an unknown outcome if no look-up succeeds",
        arguments: [StorageError.Code.unavailable, .timedOut, .badAnswer, .denied, .overloaded])
    func outcomeThatCannotBeSeen(_ errorCode: StorageError.Code) async throws {
        let storage = SelfMeetingStorage(errorCode)
        let error = await #expect(throws: ServiceError.self) {
            try await ImageService.make(storage).upload(path, try Samples.jpeg(), .createOnly)
        }
        guard case .storage(let cause)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.code == (errorCode == .overloaded ? .unavailable : errorCode))
        #expect(cause.mayHaveHappened)
    }

    @Test("A create-only upload that was rejected at its first try is rejected, whatever a look-up would show")
    func outcomeThatIsCertain() async throws {
        let storage = SelfMeetingStorage(.unavailable, isSecondTry: false)
        let error = await #expect(throws: ServiceError.self) {
            try await ImageService.make(storage).upload(path, try Samples.jpeg(), .createOnly)
        }
        guard case .preconditionFailed? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

/// Rejects every create-only write, like the second try of a write that has happened. Fails every look-up after that.
private final class SelfMeetingStorage: ObjectStorage {
    private let base = MemoryStorage()
    private let errorCode: StorageError.Code
    private let isSecondTry: Bool
    private let hasWritten = NIOLockedValueBox(false)

    init(_ errorCode: StorageError.Code, isSecondTry: Bool = true) {
        self.errorCode = errorCode
        self.isSecondTry = isSecondTry
    }

    var capabilities: StorageCapabilities { base.capabilities }

    func put(_ key: ObjectKey, bytes: ByteBuffer, options: PutOptions) async throws(StorageError) -> PutResult {
        hasWritten.withLockedValue { $0 = true }
        if isSecondTry { _ = try await base.put(key, bytes: bytes, options: options) }
        throw StorageError(.preconditionFailed, during: .put, mayHaveHappened: isSecondTry)
    }

    func head(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo {
        if hasWritten.withLockedValue({ $0 }) { throw StorageError(errorCode, during: .head) }
        return try await base.head(key)
    }

    func get(_ key: ObjectKey, options: GetOptions) async throws(StorageError) -> GetResult {
        try await base.get(key, options: options)
    }

    func beginUpload(_ key: ObjectKey, options: UploadOptions) async throws(StorageError) -> any MultipartUpload {
        try await base.beginUpload(key, options: options)
    }

    func delete(_ key: ObjectKey, ifMatch: ETag?) async throws(StorageError) {
        try await base.delete(key, ifMatch: ifMatch)
    }

    func list(_ request: ListRequest) async throws(StorageError) -> ListPage { try await base.list(request) }

    func checkAvailability() async throws(StorageError) {}
}
