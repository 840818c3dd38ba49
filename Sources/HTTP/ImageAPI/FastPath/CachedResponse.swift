import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import Synchronization
import TextCoding

/// What all event loops remember of one request target: its file and the head of its response. It takes a few hundred
/// bytes. Only its use count changes. If the image or the file changes, a new one is made.
final class CachedResponse: Sendable {
    /// The request's Accept, if it matters.
    let accept: Accept?
    /// The grant of the request.
    let grant: RequestGrant
    let file: FileName
    /// The serial of the resolved path from which it was made; see `FreshImage.serial`.
    let serial: UInt64
    /// The file whose length and format the head has; nil for an original, for which they are known without it.
    let fileSerial: UInt64?
    let isWeak: Bool
    let etag: ETag
    let lastModified: Timestamp?
    let length: Int64
    let whole: HeadShape
    let notModified: HeadShape
    private let targetBytes: UInt16
    private let etagBytes: UInt16
    /// The target, then the tag and the date as in the head.
    private let texts: [UInt8]

    /// An age in seconds, and how many requests the file got at that age.
    private let uses = Atomic<UInt64>(0)

    /// The objects, and what the table needs for each, without the texts.
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

    /// How much memory it takes.
    var bytes: Int { Self.overhead + self.texts.count + self.etag.text.utf8.count + self.file.bytes }

    /// Counts a use of the file.
    /// - Returns: The number of uses since the response became a second older. Two loops may lose one between them,
    ///   which does not matter.
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

    /// The values for the placeholders of the head, at this age. Nil if the image was modified after the response's
    /// Date: only a handler knows the response then.
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
