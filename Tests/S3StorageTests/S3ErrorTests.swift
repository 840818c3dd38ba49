import NIOCore
import ObjectStorage
import Testing

@testable import S3Storage

@Suite struct S3ErrorTests {
    private static let table: [(status: Int, code: String?, expected: StorageError.Code)] = [
        (404, "NoSuchKey", .notFound), (404, nil, .unavailable), (404, "NoSuchBucket", .unavailable),
        (404, "NoSuchUpload", .conflict), (412, "PreconditionFailed", .preconditionFailed),
        (412, nil, .preconditionFailed), (409, "ConditionalRequestConflict", .conflict),
        (409, "ExistingObjectIsDirectory", .conflict), (416, "InvalidRange", .rangeNotSatisfiable),
        (403, "AccessDenied", .denied), (403, nil, .denied), (403, "SignatureDoesNotMatch", .denied),
        (400, "ExpiredToken", .denied), (400, "AuthorizationHeaderMalformed", .denied), (301, nil, .denied),
        (400, "KeyTooLongError", .invalidKey), (501, "NotImplemented", .unsupported), (405, nil, .unsupported),
        (503, "SlowDown", .overloaded), (503, nil, .unavailable), (500, "InternalError", .unavailable),
        (502, nil, .unavailable), (504, nil, .unavailable), (507, nil, .full), (507, "XMinioStorageFull", .full),
        (400, "QuotaExceeded", .full), (429, nil, .overloaded), (413, nil, .full), (408, nil, .timedOut),
        (400, "RequestTimeout", .timedOut), (400, "InvalidArgument", .badAnswer), (400, nil, .badAnswer),
        (403, "InvalidObjectState", .archived), (403, "ObjectNotInActiveTierError", .archived),
        (413, "EntityTooLarge", .full), (503, "ServiceUnavailable", .unavailable),
        (200, "InternalError", .unavailable), (200, "PreconditionFailed", .preconditionFailed), (418, nil, .badAnswer),
    ]

    @Test(arguments: table)
    func mapping(_ status: Int, _ code: String?, _ expected: StorageError.Code) {
        #expect(S3Error(status: status, code: code).storageCode == expected)
    }

    @Test func readsTheBody() throws {
        let body = ByteBuffer(
            string: """
                <?xml version="1.0" encoding="UTF-8"?>
                <Error><Code>InvalidRange</Code><Message>Not  satisfiable</Message>
                <ActualObjectSize>42</ActualObjectSize><Resource>/b/k</Resource></Error>
                """)
        let document = try #require(ErrorDocument(body))
        #expect(document.code == "InvalidRange")
        #expect(document.message == "Not  satisfiable")
        #expect(document.actualObjectSize == 42)
    }

    @Test(arguments: ["", " ", "<html>502 Bad Gateway</html>", "<Error>", "not xml", "<Error></Error>", "\u{0}\u{1}"])
    func otherTextsAreNotErrorDocuments(_ text: String) {
        #expect(ErrorDocument(ByteBuffer(string: text)) == nil)
    }

    @Test func aSuccessIsNotAnErrorDocument() {
        let body = ByteBuffer(
            string: "<CompleteMultipartUploadResult><ETag>\"a-1\"</ETag></CompleteMultipartUploadResult>")
        #expect(ErrorDocument(body) == nil)
    }

    /// The parts of a request that a store repeats must not appear in a log, because they may contain keys.
    @Test func detailNamesCodeAndMessageOnly() throws {
        let body = ByteBuffer(
            string: """
                <Error><Code>SignatureDoesNotMatch</Code><Message>m</Message><AWSAccessKeyId>AKID</AWSAccessKeyId>
                <StringToSign>secret-string</StringToSign></Error>
                """)
        let document = try #require(ErrorDocument(body))
        let error = S3Error(status: 403, code: document.code, message: document.message)
        #expect(!error.detail.contains("AKID") && !error.detail.contains("secret-string"))
        #expect(error.detail.contains("SignatureDoesNotMatch"))
    }

    @Test func wrongRegionIsNamed() {
        let error = S3Error(status: 301, code: "PermanentRedirect", bucketRegion: "eu-west-3")
        #expect(error.detail.contains("eu-west-3"))
    }

    @Test func credentialsAreNeverDescribed() {
        let keys = SigningCredentials(accessKey: "AKIDAKID", secretKey: "s3cr3t", sessionToken: "t0k3n")
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(!text.contains("s3cr3t") && !text.contains("t0k3n") && !text.contains("AKIDAKID"))
        }
    }
}
