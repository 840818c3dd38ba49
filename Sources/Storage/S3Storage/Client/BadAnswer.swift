/// An answer that no S3 server may give.
struct BadAnswer: Error {
    var detail: String

    init(_ detail: String) {
        self.detail = detail
    }
}
