import Foundation
import NIOCore
import NIOHTTP1
import ObjectStorage
import Testing
import TextCoding

@testable import S3Storage

@Suite struct DocumentTests {
    private func page(_ inner: String, plusIsSpace: Bool = true) throws -> ListPage {
        let xml = "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        let end = inner.contains("IsTruncated") ? "" : "<IsTruncated>false</IsTruncated>"
        let body = ByteBuffer(string: "\(xml)\(inner)\(end)</ListBucketResult>")
        return try S3Document.decode(ListDocument.self, from: body).listed(plusIsSpace: plusIsSpace).page
    }

    private func object(_ key: String) -> String {
        """
        <Contents><Key>\(key)</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>\
        <ETag>&quot;abc&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>
        """
    }

    @Test func aListingOfOneObject() throws {
        let page = try page("<IsTruncated>false</IsTruncated>" + object("a/b.jpg"))
        let item = try #require(page.items.first)
        #expect(item.key.text == "a/b.jpg" && item.size == 7 && item.etag.text == "\"abc\"")
        #expect(item.lastModified == Timestamp(seconds: 1_767_323_045, nanoseconds: 678_000_000))
        #expect(page.cursor == nil && page.prefixes.isEmpty)
    }

    @Test func anEmptyListing() throws {
        #expect(try page("<IsTruncated>false</IsTruncated>") == ListPage())
        #expect(try page("") == ListPage())
    }

    /// If a listing does not say whether more comes, or says something senseless, all later keys could be missing.
    @Test(arguments: [
        "<IsTruncated/>", "<IsTruncated>perhaps</IsTruncated>", "<X><IsTruncated>false</IsTruncated></X>",
    ])
    func aListingMustSayWhetherMoreComes(_ inner: String) {
        #expect(throws: BadAnswer.self) { try page(inner) }
    }

    /// Any document but the requested one once counted as an empty listing, and images in memory became 404.
    @Test(arguments: [
        "", " \n", "<html><body>Sign in</body></html>", "<!DOCTYPE html><html></html>", "not xml", "{}",
        "<Error><Code>InternalError</Code></Error>", "<Error/>", "<ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>", "<ListAllMyBucketsResult/>", "<ListBucketResult/>",
        "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult><a/>",
        "<!DOCTYPE ListBucketResult [<!ENTITY a 'b'>]><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>&nbsp;</ListBucketResult>",
    ])
    func otherDocumentsAreNotListings(_ text: String) {
        #expect(throws: BadAnswer.self) { try S3Document.decode(ListDocument.self, from: ByteBuffer(string: text)) }
    }

    @Test func otherDocumentsAreNotMultipartDocuments() {
        for text in [
            "", "<html/>", "<Error><Code>SlowDown</Code></Error>", "<InitiateMultipartUploadResult/>",
            "<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>",
            "<ListBucketResult><UploadId>u</UploadId></ListBucketResult>",
            "<InitiateMultipartUploadResult><X><UploadId>u</UploadId></X></InitiateMultipartUploadResult>",
        ] {
            let body = ByteBuffer(string: text)
            #expect(throws: BadAnswer.self) { try S3Document.decode(CreatedUploadDocument.self, from: body) }
        }
        for text in [
            "", "<html><ETag>e</ETag></html>", "<CompleteMultipartUploadResult/>",
            "<CompleteMultipartUploadResult><ETag/></CompleteMultipartUploadResult>",
        ] {
            let body = ByteBuffer(string: text)
            #expect(throws: BadAnswer.self) { try S3Document.decode(CompletedUploadDocument.self, from: body) }
        }
        for text in [
            "", "<ListBucketResult/>",
            "<ListMultipartUploadsResult><IsTruncated>perhaps</IsTruncated></ListMultipartUploadsResult>",
        ] {
            let body = ByteBuffer(string: text)
            #expect(throws: BadAnswer.self) { try S3Document.decode(UploadsDocument.self, from: body) }
        }
    }

    /// Limits of a document: depth, elements, text and bytes, each at the limit and one above.
    @Test func documentsAreBounded() throws {
        func reads(_ inner: String) -> Bool { (try? page("<IsTruncated>false</IsTruncated>" + inner)) != nil }
        #expect(reads(String(repeating: "<a>", count: 15) + String(repeating: "</a>", count: 15)))
        #expect(!reads(String(repeating: "<a>", count: 16) + String(repeating: "</a>", count: 16)))
        #expect(reads(String(repeating: "<a/>", count: 49_998)))
        #expect(!reads(String(repeating: "<a/>", count: 49_999)))
        #expect(reads("<a>" + String(repeating: "x", count: 16 << 10) + "</a>"))
        #expect(!reads("<a>" + String(repeating: "x", count: 16 << 10 + 1) + "</a>"))
        #expect(!reads(String(repeating: " ", count: 8 << 20)))
    }

    /// Pieces of any size give the same document.
    @Test(arguments: [1, 2, 3, 7, 1000]) func documentsAreReadInChunksOfAnySize(_ step: Int) throws {
        let text = """
             \n<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
            <EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>\(object("ü&amp;%C3%BC")) \(object("<![CDATA[b]]>"))\
            </ListBucketResult>\n
            """
        var body = ByteBuffer(string: text)
        var reader = try DocumentReader<ListDocument>()
        while body.readableBytes > step, let piece = body.readSlice(length: step) { try reader.feed(piece) }
        let page = try reader.finish(body).listed(plusIsSpace: true).page
        #expect(page.items.map(\.key.text) == ["ü&ü", "b"])
    }

    /// One odd entry once caused a 502, and no entry after it could be reached.
    @Test func unusableEntriesAreSkipped() throws {
        let whole = object("a")
        func without(_ name: String, _ value: String) -> String {
            object("odd").replacingOccurrences(of: "<\(name)>\(value)</\(name)>", with: "")
        }
        let odd = [
            without("ETag", "&quot;abc&quot;"), without("Size", "7"), without("Key", "odd"),
            object("odd").replacingOccurrences(of: "<Size>7", with: "<Size>-7"),
            object("odd").replacingOccurrences(of: "<Size>7", with: "<Size>many"), "<Contents/>",
        ]
        for entry in odd {
            let body = ByteBuffer(
                string:
                    "<ListBucketResult><IsTruncated>false</IsTruncated>\(whole)\(entry)\(object("z"))</ListBucketResult>"
            )
            let listed = try S3Document.decode(ListDocument.self, from: body).listed(plusIsSpace: true)
            #expect(listed.page.items.map(\.key.text) == ["a", "z"], "\(entry)")
            #expect(listed.passedOver == 1)
        }
        let timeless = try page(without("LastModified", "2026-01-02T03:04:05.678Z"))
        #expect(timeless.items.map(\.lastModified) == [nil])
    }

    /// The page ends with an entry that cannot be shown. The next page still begins after it.
    @Test func aPageMayEndWithAnUnusableEntry() throws {
        let page = try page("<IsTruncated>true</IsTruncated>" + object("a") + "<Contents><Key>b</Key></Contents>")
        #expect(page.items.map(\.key.text) == ["a"])
        #expect(StoreCursor(try #require(page.cursor)) == .after(Array("b".utf8)))
    }

    /// SeaweedFS makes its token from the last key, and XML cannot hold every character of a key.
    @Test func tokensThatXMLHasDamagedAreNotUsed() throws {
        let page = try page(
            "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                + "<NextContinuationToken>a\u{FFFD}</NextContinuationToken>" + object("a%EF%BF%BF"))
        #expect(StoreCursor(try #require(page.cursor)) == .after(Array("a\u{FFFF}".utf8)))
    }

    /// In byte order `a-b` comes before `a/`; by segments it comes after.
    @Test func theLastNameOfAPageIsFound() throws {
        let body = ByteBuffer(
            string: "<ListBucketResult><IsTruncated>true</IsTruncated>\(object("a-b"))"
                + "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>")
        let document = try S3Document.decode(ListDocument.self, from: body)
        for (inByteOrder, last) in [(true, "a/"), (false, "a-b")] {
            let cursor = try document.listed(plusIsSpace: true, inByteOrder: inByteOrder).page.cursor
            #expect(cursor.flatMap { StoreCursor($0) } == .after(Array(last.utf8)))
        }
    }

    @Test func spacesAtTheEndsOfKeysStay() throws {
        let page = try page(object(" a ") + object("  ") + "<CommonPrefixes><Prefix> p /</Prefix></CommonPrefixes>")
        #expect(page.items.map(\.key.text) == [" a ", "  "])
        #expect(page.prefixes == [Array(" p /".utf8)])
    }

    @Test func keysAreDecodedOnceIfTheStoreEncodesThem() throws {
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
        "<EncodingType>url</EncodingType><CommonPrefixes><Prefix>%zz</Prefix></CommonPrefixes>", "<Contents>",
    ])
    func badPages(_ inner: String) {
        #expect(throws: BadAnswer.self) { try page(inner) }
    }

    @Test func invalidKeysAreOmitted() throws {
        let encoded = "<EncodingType>url</EncodingType>"
        #expect(try page(encoded + object("%FF") + object("ok")).items.map(\.key.text) == ["ok"])
    }

    @Test func completionBodyIsEscaped() {
        let body = String(buffer: CompleteUploadBody.make([(number: 1, etag: ETag(opaque: "a<&>"))]))
        #expect(body.contains("<PartNumber>1</PartNumber><ETag>&quot;a&lt;&amp;&gt;&quot;</ETag>"))
    }

    @Test func uploadMarkersAreWrittenAndRead() throws {
        let note = UploadMarker(key: try key("ä/b c"), begun: Timestamp(seconds: 17), uploadID: nil)
        #expect(UploadMarker(note.bytes) == note)
        var named = note
        named.uploadID = "id with spaces=="
        #expect(UploadMarker(named.bytes) == named)
        for text in ["", "tintype-upload 1", "tintype-upload 2\nYQ\n1", "tintype-upload 1\n!\n1", "a\nb\nc\nd\ne"] {
            #expect(UploadMarker(ByteBuffer(string: text)) == nil)
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
