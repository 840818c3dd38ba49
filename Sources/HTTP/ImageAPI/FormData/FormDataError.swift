/// Why a form is rejected. `description` is safe to show to the client that sent it.
enum FormDataError: Error, Sendable, Hashable {
    /// The Content-Type is not multipart/form-data.
    case notFormData
    /// The Content-Type has no boundary, or one that RFC 2046, section 5.1.1, does not allow.
    case badBoundary
    /// The body has ended before the closing boundary.
    case truncated
    /// The bytes break the grammar. The text says where.
    case malformed(String)
    /// More bytes than the limit before the first boundary, in the headers of a part, or after the last boundary.
    case tooLong(Section, limit: Int)
    /// More parts than the limit.
    case tooManyParts(limit: Int)
    /// A field (a part without a file name) with more bytes than the limit.
    case fieldTooLong(name: String, limit: Int)

    enum Section: String, Sendable, Hashable {
        case preamble, headers, epilogue
    }
}

extension FormDataError: CustomStringConvertible {
    var description: String {
        switch self {
        case .notFormData: "The Content-Type must be multipart/form-data."
        case .badBoundary: "The Content-Type must have a boundary of 1 to 70 characters."
        case .truncated: "The form ends before its closing boundary."
        case .malformed(let what): "The form is malformed: \(what)."
        case .tooLong(.preamble, let limit): "More than \(limit) bytes stand before the form's first boundary."
        case .tooLong(.headers, let limit): "The headers of a part are longer than \(limit) bytes."
        case .tooLong(.epilogue, let limit): "More than \(limit) bytes stand behind the form's last boundary."
        case .tooManyParts(let limit): "The form has more than \(limit) parts."
        case .fieldTooLong(let name, let limit): "The field \(name.debugDescription) is longer than \(limit) bytes."
        }
    }
}
