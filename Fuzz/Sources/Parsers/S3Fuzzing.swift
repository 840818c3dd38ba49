import NIOCore
import NIOHTTP1
import ObjectStorage
import TextCoding

@testable import S3Storage

/// The data from an S3 store, as arbitrary bytes: documents, names in them, headers of objects, and the server's own
/// objects, which another program may have changed.
public enum S3Fuzzing {
    /// Reads the input with one reader. Ends the process if a guarantee is broken.
    ///
    /// - Parameter bytes: the first byte chooses the reader and how the input is split. The rest is the input.
    public static func run(_ bytes: [UInt8]) {
        guard let choice = bytes.first else { return }
        let body = ByteBuffer(bytes: bytes.dropFirst())
        let step = Int(choice >> 3) + 1
        switch choice & 7 {
        case 0: list(body, step: step)
        case 1: same(CreatedUploadDocument.self, body, step: step) { $0.uploadID }
        case 2: same(CompletedUploadDocument.self, body, step: step) { $0.etag ?? "" }
        case 3: same(UploadsDocument.self, body, step: step) { "\($0.uploads) \(String(describing: $0.nextKeyMarker))" }
        case 4:
            guard let error = ErrorDocument(body) else { return }
            precondition(!error.code.isEmpty)
            let response = S3Error(status: 400 + step, error)
            precondition(response.message.map { $0.count <= 200 } ?? true)
            _ = response.storageCode
        case 5: marker(body)
        case 6: observations(body)
        default: headers(body)
        }
    }

    /// A listing: its cursor can be read back.
    private static func list(_ body: ByteBuffer, step: Int) {
        guard let document = same(ListDocument.self, body, step: step, { "\($0.contents) \($0.commonPrefixes)" }) else {
            return
        }
        for (plusIsSpace, inByteOrder) in [(true, true), (false, false)] {
            guard let listed = try? document.listed(plusIsSpace: plusIsSpace, inByteOrder: inByteOrder) else {
                continue
            }
            precondition(listed.page.items.count + listed.passedOver <= document.contents.count)
            precondition(listed.page.items.allSatisfy { $0.size >= 0 })
            guard let cursor = listed.page.cursor else { continue }
            precondition(StoreCursor(cursor) != nil, "a cursor that cannot be read")
        }
    }

    /// However the bytes are split, the result is the same document, or none.
    @discardableResult
    private static func same<Document: AnswerDocument>(
        _ type: Document.Type, _ body: ByteBuffer, step: Int, _ text: (Document) -> String
    ) -> Document? {
        let whole = try? S3Document.decode(type, from: body)
        let pieces = try? read(type, body, step: step)
        precondition(whole.map(text) == pieces.map(text), "a document that depends on how its bytes are split")
        return whole
    }

    /// Reads a document in pieces of `step` bytes.
    private static func read<Document: AnswerDocument>(
        _ type: Document.Type, _ body: ByteBuffer, step: Int
    ) throws -> Document {
        var reader = try DocumentReader<Document>()
        var rest = body
        while rest.readableBytes > step, let piece = rest.readSlice(length: step) { try reader.feed(piece) }
        return try reader.finish(rest)
    }

    /// The marker of an upload: written again, it is read as the same marker.
    private static func marker(_ body: ByteBuffer) {
        guard let marker = UploadMarker(body) else { return }
        precondition(UploadMarker(marker.bytes) == marker, "a marker that changes when it is read back")
    }

    private static let store = S3Configuration(
        endpoint: S3Endpoint(isSecure: true, host: "store"), bucket: "pictures", region: "eu")

    /// The result of a probe: it is valid only for the store that it names.
    private static func observations(_ body: ByteBuffer) {
        guard let result = ProbeResult(body, for: store) else { return }
        precondition(result.bytes == body, "a result that was changed")
        let identity = StoreIdentity(store, server: "S")
        precondition(
            !result.holds(for: identity, written: result.probed, now: result.probed, maxAge: .seconds(60))
                || result.store == identity)
    }

    /// Lines with a name, a colon and a value.
    private static func headers(_ body: ByteBuffer) {
        var headers = HTTPHeaders()
        for line in String(buffer: body).split(separator: "\n") {
            let halves = line.split(separator: ":", maxSplits: 1)
            // The parser lets no other names through.
            guard halves.count == 2, halves[0].utf8.allSatisfy({ $0 < 0x80 }) else { continue }
            headers.add(name: String(halves[0]), value: String(halves[1]))
        }
        guard let object = try? ObjectHeaders(headers) else { return }
        precondition(object.contentLength >= 0)
        guard let part = ContentRange(headers.first(name: "content-range")) else { return }
        precondition(part.range.lowerBound >= 0 && part.range.upperBound <= part.size)
    }

    /// One input for each reader.
    public static var seeds: [[UInt8]] {
        let entry = """
            <Contents><Key>a%2Fb+c</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;abc&quot;</ETag>\
            <Size>7</Size></Contents>
            """
        let list = """
            <?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url\
            </EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>\(entry)\
            <CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes></ListBucketResult>
            """
        let texts: [(UInt8, String)] = [
            (0, list), (0, list.replacing("<NextContinuationToken>t</NextContinuationToken>", with: "<![CDATA[x]]>")),
            (1, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"),
            (2, "\n<CompleteMultipartUploadResult><ETag>&#34;e-1&#34;</ETag></CompleteMultipartUploadResult>"),
            (
                3,
                """
                <ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>k</Key><UploadId>u</UploadId>\
                <Initiated>2026-01-02T03:04:05Z</Initiated></Upload></ListMultipartUploadsResult>
                """
            ),
            (4, "<Error><Code>SlowDown</Code><Message>m</Message><ActualObjectSize>3</ActualObjectSize></Error>"),
            (4, "<!DOCTYPE html [<!ENTITY a \"b\">]><html>&a;</html>"),
            (5, "tintype-upload 1\nYQ\n17\nid"),
            (
                7,
                """
                ETag:"e"
                Last-Modified:Fri, 02 Jan 2026 03:04:05 GMT
                Content-Length:12
                Content-Range:bytes 0-9/100
                x-amz-meta-id:1
                """
            ),
        ]
        var seeds = texts.map { [$0.0 | 24] + Array($0.1.utf8) }
        let result = ProbeResult(
            store: StoreIdentity(store, server: "S"), probed: Timestamp(seconds: 17),
            observations: ProbeObservations(put: RaceResult(settled: .atomic), complete: RaceResult(settled: .raced)))
        seeds.append([6] + Array(result.bytes.readableBytesView))
        return seeds
    }
}
