import HTTPTypes
import Hummingbird
import ImageModel
import ImageService
import NIOCore
import NIOHTTP1

/// One image in one form, the original or a rendition, with the heads of its answers as they were written last.
final class FastForm {
    /// What it was made of: of no use for another one.
    let image: StoredImage
    /// Where the bytes of a rendition are; nil for the original.
    let rendition: RenditionName?
    private(set) var representation: Representation
    private var stamp: Stamp
    /// The file that `representation` tells the length of.
    private var serial: UInt64?
    /// The last look at which it was known to be of use, and the file that was found then.
    private var look: UInt64
    private var found: NotedFile?
    /// How often its file was asked for since.
    private(set) var uses = 0
    private var whole: ByteBuffer?
    private var notModified: ByteBuffer?

    /// What heads depend on beside the image: when the store was asked, and an age, which is told in whole seconds.
    struct Stamp: Equatable {
        var asked: ContinuousClock.Instant
        var age: Int64

        init(_ fresh: FreshImage) {
            self.asked = fresh.asked
            self.age = fresh.age
        }
    }

    init(_ look: FastLook, rendition: RenditionName?, representation: Representation) {
        let fresh = look.fresh
        self.look = look.number
        self.image = fresh.located.image
        self.rendition = rendition
        self.representation = representation
        self.stamp = Stamp(fresh)
    }

    /// Whether it was made of this image.
    func isOf(_ look: FastLook) -> Bool { self.look == look.number || self.image == look.fresh.located.image }

    /// To be called before anything is answered: what was written at another moment is forgotten.
    func renew(_ look: FastLook, representation make: () -> Representation) {
        guard self.look != look.number else { return }
        self.look = look.number
        self.found = nil
        self.uses = 0
        let stamp = Stamp(look.fresh)
        guard self.stamp != stamp else { return }
        self.stamp = stamp
        self.representation = make()
        self.serial = nil
        self.whole = nil
        self.notModified = nil
    }

    /// The file that was found since the last look, where it is still there; else that which is found now.
    func file(_ find: () -> FileInMemory?) -> FileInMemory? {
        self.uses += 1
        if let found, let file = FileInMemory(found) { return file }
        let file = find()
        self.found = file.map { NotedFile($0) }
        return file
    }

    /// The file that is sent: only it tells the length of a rendition, and its format, as WebP may stand in for AVIF.
    func adopt(_ file: FileInMemory) {
        guard self.serial != file.serial else { return }
        self.serial = file.serial
        self.whole = nil
        guard self.rendition != nil else { return }
        if let format = file.format { self.representation.contentType = format.capabilities.mediaType }
        self.representation.length = Int64(file.size)
    }

    /// The head of the answer with all bytes, which is that of HEAD as well.
    func wholeHead() -> ByteBuffer {
        if let whole { return whole }
        let head = Self.encode(self.representation.head(), .head)
        self.whole = head
        return head
    }

    func notModifiedHead() -> ByteBuffer {
        if let notModified { return notModified }
        let head = Self.encode(self.representation.notModified(), .get)
        self.notModified = head
        return head
    }

    /// The head of an answer with a part of the bytes.
    func partHead(_ range: Range<Int64>) -> ByteBuffer {
        // Asked as HEAD, which is answered with the same head: the body is not written by way of this response.
        Self.encode(self.representation.part(range, ResponseBody()), .head)
    }

    private static func encode(_ response: Response, _ method: HTTPRequest.Method) -> ByteBuffer {
        var head = response.head
        _ = ResponseFraming.decide(head: &head, bodyLength: nil, method: method, version: .http1_1)
        var bytes = ByteBuffer()
        let hasDate = ResponseHeadEncoder.encodeBeginning(of: head, into: &bytes)
        assert(hasDate, "answers from memory tell their age, and so their date")
        return bytes
    }
}
