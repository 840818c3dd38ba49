/// The version of this program, for `tintype --version`.
enum Version {
    static let text = "0.1.0"
}
