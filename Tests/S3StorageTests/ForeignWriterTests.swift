import NIOCore
import NIOHTTP1
import ObjectStorage
import TestServers
import Testing

@testable import S3Storage

/// Other programs write into the bucket too: with the metadata that they have read, and with their own headers and
/// tags.
@Suite(.enabled(if: hasSeaweedFS), .timeLimit(.minutes(2))) struct ForeignWriterTests {
    /// Writes like another program: no header is added.
    private func put(
        _ key: ObjectKey, _ text: String, _ headers: [(name: String, value: String)], _ storage: S3Storage
    ) async throws {
        _ = try await storage.client.send(
            S3Request(.put, .PUT, key: key, headers: headers, body: bytes(text)), until: storage.client.deadline())
    }

    @Test func metadataAreBoundToTheBytesOfOnePut() async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let key = try key(freshPrefix() + "a.jpg")
            let options = PutOptions(contentType: "image/jpeg", metadata: ["tintype-image": "jpeg 1x1 o1 a0 f1"])
            _ = try await storage.put(key, bytes: bytes("first"), options: options)
            #expect(try await storage.head(key).hasBoundMetadata)
            let part = GetOptions(range: .closed(first: 1, last: 2))
            #expect(try await storage.get(key, options: part).info.hasBoundMetadata)
            #expect(try await storage.head(key).metadata == options.metadata)

            // rclone and `aws s3 cp` write all headers back.
            let read = try await storage.headers(of: key, during: .head, until: storage.client.deadline())
            let binding = try #require(read.binding)
            let written = [
                (name: "x-amz-meta-tintype-image", value: "jpeg 1x1 o1 a0 f1"),
                (name: "x-amz-meta-\(ObjectHeaders.bindingName)", value: binding),
            ]
            try await put(key, "secnd", written, storage)
            let info = try await storage.head(key)
            #expect(info.metadata == options.metadata && !info.hasBoundMetadata)
            // The same bytes with the same metadata are as intended.
            try await put(key, "first", written, storage)
            #expect(try await storage.head(key).hasBoundMetadata)
            // As an earlier version of the server wrote them.
            try await put(key, "first", Array(written.prefix(1)), storage)
            #expect(try await storage.head(key).hasBoundMetadata == false)
        }
    }

    @Test func aRewritePreservesHeadersAndTagsOfOtherPrograms() async throws {
        try await Servers.withStorage(.seaweedFS) { storage in
            let key = try key(freshPrefix() + "a.jpg")
            try await put(
                key, "first",
                [
                    ("content-type", "image/jpeg"), ("cache-control", "max-age=60"),
                    ("content-disposition", "attachment; filename=\"a b.jpg\""), ("content-language", "de"),
                    ("x-amz-meta-album", "holidays  at sea"), ("x-amz-meta-tintype-image", "jpeg 9x9 o1 a0 f1"),
                    ("x-amz-tagging", "kind=photo&two%20words=a%26b"),
                ], storage)
            let first = try await storage.get(key, options: GetOptions()).info
            let options = PutOptions(
                mode: .replace(first.etag), contentType: "image/jpeg", metadata: ["tintype-writes": "1"],
                carrying: first)
            _ = try await storage.put(key, bytes: bytes("turned"), options: options)
            let now = try await storage.headers(of: key, during: .head, until: storage.client.deadline())
            #expect(now.foreignFields["cache-control"] == "max-age=60")
            #expect(now.foreignFields["content-disposition"] == "attachment; filename=\"a b.jpg\"")
            #expect(now.foreignFields["content-language"] == "de")
            #expect(now.metadata["album"]?.hasPrefix("holidays") == true)
            #expect(now.metadata["tintype-writes"] == "1" && now.metadata["tintype-image"] == nil)
            let answer = try await storage.client.send(
                S3Request(.get, .GET, key: key, query: [QueryItem("tagging")]), until: storage.client.deadline())
            let tags = String(buffer: answer.body)
            for text in ["<Key>kind</Key>", "<Value>photo</Value>", "<Key>two words</Key>", "<Value>a&amp;b</Value>"] {
                #expect(tags.contains(text), "\(tags)")
            }
            // An upload is a new object.
            _ = try await storage.put(key, bytes: bytes("new"), options: PutOptions(metadata: ["tintype-writes": "2"]))
            let fresh = try await storage.head(key)
            #expect(fresh.foreignFields["cache-control"] == nil && fresh.metadata == ["tintype-writes": "2"])
        }
    }
}

@Suite struct CarriedFieldsTests {
    private func object(_ fields: [String: String], _ metadata: ObjectMetadata = [:]) throws -> ObjectInfo {
        ObjectInfo(
            key: try key("a"), size: 1, etag: ETag(opaque: "e"), lastModified: nil, metadata: metadata,
            foreignFields: fields)
    }

    private func carried(_ fields: [String: String], _ metadata: ObjectMetadata = [:]) throws -> [String] {
        CarriedFields.headers(from: try object(fields, metadata)).map { "\($0.name): \($0.value)" }
    }

    @Test func fieldsThatWouldBeWrongAreNotCarriedOver() throws {
        #expect(
            try carried(["cache-control": "no-cache", "expires": "0"], ["a": "1", "tintype-image": "x"])
                == ["cache-control: no-cache", "expires: 0", "x-amz-meta-a: 1"])
        // Our files are not compressed, and `aws-chunked` was only the encoding of one upload.
        for coding in ["gzip", "GZIP", "br", "aws-chunked", "aws-chunked,gzip"] {
            #expect(try carried(["content-encoding": coding]).isEmpty)
        }
        #expect(try carried(["content-encoding": "identity"]) == ["content-encoding: identity"])
        // With the class of a restored object, the new object would be out of reach.
        #expect(try carried(["x-amz-storage-class": "DEEP_ARCHIVE"]).isEmpty)
        #expect(try carried(["x-amz-storage-class": "STANDARD_IA"]) == ["x-amz-storage-class: STANDARD_IA"])
        // One bad value must not make the write fail.
        #expect(try carried([:], ["bad": "line\nbreak", "good": "é"]) == ["x-amz-meta-good: é"])
    }

    @Test func tags() throws {
        #expect(CarriedFields.hasTags(try object(["x-amz-tagging-count": "2"])))
        #expect(!CarriedFields.hasTags(try object(["x-amz-tagging-count": "0"])))
        #expect(!CarriedFields.hasTags(try object([:])))
        let document = try S3Document.decode(
            TaggingDocument.self,
            from: bytes(
                "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag><Tag><Key>ü</Key><Value></Value></Tag>"
                    + "</TagSet></Tagging>"))
        #expect(CarriedFields.header(of: document)?.value == "a%20b=1%262&%C3%BC=")
        let empty = try S3Document.decode(TaggingDocument.self, from: bytes("<Tagging><TagSet></TagSet></Tagging>"))
        #expect(CarriedFields.header(of: empty) == nil)
    }
}
