/// Stands for the server's `Problem`, which is an HTTP answer and would bring Hummingbird along: the parsers only
/// throw it.
struct Problem: Error, Hashable {
    enum Code: Hashable {
        case badParameter
        case renditionNotAllowed
        case badRequest, uriTooLong, headersTooLarge, clientTooSlow, expectationFailed, httpVersionNotSupported
    }

    var code: Code
    var detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}
