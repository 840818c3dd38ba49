import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import Synchronization
import TextCoding

/// What is remembered of one request target, for all event loops: which file it means, and the head of its answer. A
/// few hundred bytes, and never changed but for its count of uses: what was made of another image, or of another file,
/// is made anew.
final class CachedResponse: Sendable {
    /// What the target was asked for with, where it matters.
    let accept: Accept?
    /// What it was granted under.
    let grant: RequestGrant
    let file: FileName
    /// Of the answer about the path that it was made of, see `FreshImage.serial`.
    let serial: UInt64
    /// The file whose length and format the head tells; nil for an original, whose are known without it.
    let fileSerial: UInt64?
    let isWeak: Bool
    let etag: ETag
    let lastModified: Timestamp?
    let length: Int64
    let whole: HeadShape
    let notModified: HeadShape
    private let targetBytes: UInt16
    private let etagBytes: UInt16
    /// The target, then the tag and the date as the head has them.
    private let texts: [UInt8]

    /// An age in seconds, and how often the file was asked for at that age.
    private let uses = Atomic<UInt64>(0)

    /// The objects and what the table needs for each, the texts apart.
    private static let overhead = 384

    init(
        _ target: ByteBuffer, accept: Accept?, grant: RequestGrant, file: FileName, serial: UInt64, fileSerial: UInt64?,
        _ representation: Representation, whole: HeadShape, notModified: HeadShape
    ) {
        self.accept = accept
        self.grant = grant
        self.file = file
        self.serial = serial
        self.fileSerial = fileSerial
        self.isWeak = representation.isWeak
        self.etag = representation.etag
        self.lastModified = representation.lastModified
        self.length = representation.length
        self.whole = whole
        self.notModified = notModified
        let etag = (representation.isWeak ? "W/" : "") + representation.etag.text
        self.targetBytes = UInt16(clamping: target.readableBytes)
        self.etagBytes = UInt16(clamping: etag.utf8.count)
        self.texts =
            Array(target.readableBytesView) + Array(etag.utf8)
            + Array((representation.lastModified?.httpDate ?? "").utf8)
    }

    /// What it takes in memory.
    var bytes: Int { Self.overhead + self.texts.count + self.etag.text.utf8.count + self.file.bytes }

    /// Counts a use of the file.
    /// - Returns: How many there were since the answer became a second older; one that gets lost between two loops does
    ///   not
    ///   matter.
    func countUse(at age: Int64) -> Int {
        let (known, age) = (self.uses.load(ordering: .relaxed), UInt64(truncatingIfNeeded: age) << 32)
        let count = (known >> 32) << 32 == age ? (known & 0xFFFF_FFFF) + 1 : 1
        self.uses.store(age | count, ordering: .relaxed)
        return Int(count)
    }

    func isOf(_ target: UnsafeRawBufferPointer) -> Bool {
        self.texts.withUnsafeBytes { texts in
            target.count == self.targetBytes && UnsafeRawBufferPointer(rebasing: texts[..<target.count]).isEqual(target)
        }
    }

    /// What stands in the holes of the head, of an answer of this age. Nil where the image is younger than that: what
    /// is to be said then, only a handler knows.
    func values(_ freshness: FreshUntil) -> HeadShape.Values? {
        let date = AnswerAge(asked: freshness.asked).date()
        if let lastModified, lastModified.seconds > date.seconds { return nil }
        return HeadShape.Values(
            texts: self.texts[Int(self.targetBytes)...], etagBytes: Int(self.etagBytes), length: self.length,
            age: freshness.age, date: date)
    }
}

extension UnsafeRawBufferPointer {
    func isEqual(_ other: UnsafeRawBufferPointer) -> Bool {
        guard self.count == other.count else { return false }
        var at = 0
        while at + 8 <= self.count {
            let (left, right) = (
                self.loadUnaligned(fromByteOffset: at, as: UInt64.self),
                other.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            )
            guard left == right else { return false }
            at += 8
        }
        while at < self.count {
            guard self[at] == other[at] else { return false }
            at += 1
        }
        return true
    }
}
