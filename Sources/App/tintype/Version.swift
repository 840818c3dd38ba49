/// The version of this program, as `tintype --version` says it.
enum Version {
    static let text = "0.1.0"
}
