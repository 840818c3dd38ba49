import NIOCore
import NIOHTTP1
import ObjectStorage
import Testing

@testable import S3Storage

@Suite struct DocumentTests {
    private func page(_ inner: String, plusIsSpace: Bool = true) throws -> ListPage {
        let xml = "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        let body = ByteBuffer(string: "\(xml)\(inner)</ListBucketResult>")
        return try S3Document.decode(ListDocument.self, from: body).page(plusIsSpace: plusIsSpace)
    }

    private func object(_ key: String) -> String {
        """
        <Contents><Key>\(key)</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>\
        <ETag>&quot;abc&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>
        """
    }

    @Test func oneObject() throws {
        let page = try page("<IsTruncated>false</IsTruncated>" + object("a/b.jpg"))
        let item = try #require(page.items.first)
        #expect(item.key.text == "a/b.jpg" && item.size == 7 && item.etag.text == "\"abc\"")
        #expect(item.lastModified == Timestamp(seconds: 1_767_323_045, nanoseconds: 678_000_000))
        #expect(page.cursor == nil && page.prefixes.isEmpty)
    }

    @Test func nothing() throws {
        #expect(try page("<IsTruncated>false</IsTruncated>") == ListPage())
        #expect(try page("") == ListPage())
    }

    @Test func spacesAtEitherEndStay() throws {
        let page = try page(object(" a ") + object("  ") + "<CommonPrefixes><Prefix> p /</Prefix></CommonPrefixes>")
        #expect(page.items.map(\.key.text) == [" a ", "  "])
        #expect(page.prefixes == [Array(" p /".utf8)])
    }

    @Test func decodedOnceAndOnlyWhereTheStoreSaysSo() throws {
        let encoded = "<EncodingType>url</EncodingType>"
        #expect(try page(encoded + object("100%2525")).items.first?.key.text == "100%25")
        #expect(try page(object("100%25")).items.first?.key.text == "100%25")
        #expect(try page(encoded + object("a%0Ab")).items.first?.key.text == "a\nb")
        #expect(try page(encoded + object("s+p%2Bq")).items.first?.key.text == "s p+q")
        #expect(try page(encoded + object("s%20p+q"), plusIsSpace: false).items.first?.key.text == "s p+q")
        #expect(try page(object("a+b")).items.first?.key.text == "a+b")
    }

    @Test func entities() throws {
        #expect(try page(object("&lt;a&gt; &amp;amp; &#39;b&#39;")).items.first?.key.text == "<a> &amp; 'b'")
    }

    @Test func cursors() throws {
        let more = "<IsTruncated>true</IsTruncated>"
        let token = try page(more + "<NextContinuationToken> x+/=</NextContinuationToken>" + object("a"))
        #expect(StoreCursor(try #require(token.cursor)) == .token(" x+/="))
        let behind = try page(more + object("b") + "<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>")
        #expect(StoreCursor(try #require(behind.cursor)) == .after(Array("c/".utf8)))
        #expect(throws: BadAnswer.self) { try page(more) }
    }

    @Test(arguments: ["", "t", "k", "x1", "k!!"]) func foreignCursors(_ text: String) {
        #expect(StoreCursor(text) == nil)
    }

    @Test(arguments: [
        "<Contents><Key>a</Key></Contents>", "<Contents><Key>a</Key><ETag>\"x\"</ETag><Size>-1</Size></Contents>",
        "<EncodingType>url</EncodingType><CommonPrefixes><Prefix>%zz</Prefix></CommonPrefixes>", "<Contents>",
    ])
    func badPages(_ inner: String) {
        #expect(throws: BadAnswer.self) { try page(inner) }
    }

    @Test func keysThatCanBeNoneAreLeftOut() throws {
        let encoded = "<EncodingType>url</EncodingType>"
        #expect(try page(encoded + object("%FF") + object("ok")).items.map(\.key.text) == ["ok"])
    }

    @Test func completionBodyIsEscaped() {
        let body = String(buffer: CompleteUploadBody.make([(number: 1, etag: ETag(opaque: "a<&>"))]))
        #expect(body.contains("<PartNumber>1</PartNumber><ETag>&quot;a&lt;&amp;&gt;&quot;</ETag>"))
    }

    @Test func uploadNotes() throws {
        let note = UploadNote(key: try key("ä/b c"), begun: Timestamp(seconds: 17), uploadID: nil)
        #expect(UploadNote(note.bytes) == note)
        var named = note
        named.uploadID = "id with spaces=="
        #expect(UploadNote(named.bytes) == named)
        for text in ["", "tintype-upload 1", "tintype-upload 2\nYQ\n1", "tintype-upload 1\n!\n1", "a\nb\nc\nd\ne"] {
            #expect(UploadNote(ByteBuffer(string: text)) == nil)
        }
    }

    @Test func contentRanges() {
        #expect(ContentRange("bytes 0-9/100")?.range == 0..<10)
        #expect(ContentRange("bytes 99-99/100")?.size == 100)
        for text in ["bytes 0-100/100", "bytes 5-4/10", "bytes */10", "bytes 0-9/*", "0-9/10", "bytes -1-2/10", ""] {
            #expect(ContentRange(text) == nil)
        }
        #expect(ContentRange.unsatisfiedSize("bytes */10") == 10)
        #expect(ContentRange.unsatisfiedSize("bytes 0-1/10") == nil)
    }

    @Test func objectHeaders() throws {
        var headers: HTTPHeaders = [
            "ETag": "\"e\"", "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT", "Content-Length": "12",
            "Content-Type": "image/png", "X-Amz-Meta-Id": "1",
        ]
        let object = try ObjectHeaders(headers)
        #expect(object.metadata == ["id": "1"] && object.contentLength == 12 && object.contentType == "image/png")
        #expect(object.lastModified == Timestamp(seconds: 1_767_323_045))
        for name in ["ETag", "Last-Modified", "Content-Length"] {
            headers.replaceOrAdd(name: name, value: "\"\n")
            #expect(throws: BadAnswer.self) { try ObjectHeaders(headers) }
        }
    }
}
