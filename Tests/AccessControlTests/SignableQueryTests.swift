import Testing

@testable import AccessControl

@Suite("Queries that may be signed")
struct SignableQueryTests {
    private func refusal(_ query: String) -> SignableQueryError? {
        do throws(SignableQueryError) {
            try SignableQuery.check(query.utf8)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "What a URL may have passes",
        arguments: ["", "w=400&format=webp", "a=%2F%zz", "x", "&&", "expx=1&xsig=2", "a=exp"])
    func accepted(_ query: String) {
        #expect(refusal(query) == nil)
    }

    /// A browser would encode or cut these, and then the signature fits no more.
    @Test(
        "What a URL writes encoded does not",
        arguments: ["w=1#x", "a b", "a=\"", "a=<", "é", "a=\n", "a=\u{0}", "a=[1]", "a=|"])
    func malformed(_ query: String) {
        #expect(refusal(query) == .malformed)
    }

    @Test("No spelling of a parameter of the signature passes")
    func reserved() {
        for name in URLSignature.Parameter.all {
            let first = String(name.prefix(1).utf8.map { "%" + String($0, radix: 16) }.joined())
            for spelling in [name, first + name.dropFirst()] {
                for query in ["\(spelling)=1", "w=1&\(spelling)=", "\(spelling)", "\(spelling)&w=1"] {
                    #expect(refusal(query) == .reserved(name), "\(query)")
                }
            }
        }
    }

    @Test("The limit counts bytes")
    func length() {
        #expect(refusal(String(repeating: "a", count: SignableQuery.maximumBytes - 1)) == nil)
        #expect(refusal(String(repeating: "a", count: SignableQuery.maximumBytes)) == nil)
        #expect(refusal(String(repeating: "a", count: SignableQuery.maximumBytes + 1)) == .malformed)
    }
}
