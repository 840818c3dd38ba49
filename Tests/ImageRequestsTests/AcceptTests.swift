import HTTPTypes
import ImageModel
import Testing

@testable import ImageRequests

@Suite("Accept")
struct AcceptTests {
    private func accept(_ lines: [String]) -> Accept {
        var headers = HTTPFields()
        for line in lines { headers.append(HTTPField(name: .accept, value: line)) }
        return Accept(headers)
    }

    @Test(
        "The format for a stored JPEG",
        arguments: [
            // What browsers and programs send.
            ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", ImageFormat.avif),
            ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", .avif),
            ("image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", .webp),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", .avif),
            ("image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", .jpeg), ("*/*", .jpeg), ("", .jpeg), ("image/*", .jpeg),
            // Weights (RFC 9110, section 12.4.2).
            ("image/webp;q=0,*/*", .jpeg), ("image/webp;q=0.000,*/*", .jpeg), ("image/webp;q=0.001", .webp),
            ("image/webp;q=0.3,image/jpeg", .jpeg), ("image/webp;q=0.9,image/*;q=0.8", .webp),
            ("image/avif;q=0.5,image/webp;q=0.6,*/*;q=0.1", .webp), ("image/avif;q=0.5,image/webp;q=0.5", .avif),
            ("image/webp;q=1.000", .webp), ("image/webp;q=0.9999,image/jpeg;q=0.999", .webp),
            ("image/webp;q=1.,*/*", .webp), ("image/webp ; Q=0.2 , image/jpeg ; Q=0.1", .webp),
            // The most specific range decides, wherever it is.
            ("image/*;q=0.1,image/webp;q=0.2", .webp), ("image/*;q=0.9,image/webp;q=0.2", .jpeg),
            ("*/*;q=1,image/*;q=0.1,image/webp;q=0.2", .webp), ("image/jpeg;q=0.1,*/*;q=1,image/webp;q=0.2", .webp),
            ("image/png;q=1,image/webp;q=0.5,image/jpeg;q=0", .webp),
            // A type that is not named and not matched by a range is not accepted.
            ("image/webp;q=0.5", .webp), ("text/html,image/webp;q=0.1", .webp),
            // No available format is acceptable: the base is sent anyway.
            ("text/html", .jpeg), ("image/webp;q=0", .jpeg), ("image/png", .jpeg), ("*/*;q=0", .jpeg),
            // Malformed elements are ignored.
            ("image/webp;q=2,*/*", .jpeg), ("image/webp;q=-1,*/*", .jpeg), ("image/webp;q=,*/*", .jpeg),
            ("image/webp;q,*/*", .jpeg), ("image/webp;q=nan,*/*", .jpeg), ("image/webp;q=1e-1,*/*", .jpeg),
            ("image/webp;q=0x1,*/*", .jpeg), ("image/webp;q=1.001,*/*", .jpeg), ("image/webp;q=.5,*/*", .jpeg),
            ("image/webp;q=+0.5,*/*", .jpeg), ("image/webp;,*/*", .webp), ("image/webp; ;q=0.2;,*/*;q=0.1", .webp),
            (";q=1,,  ,image/webp", .webp),
            // A range with a parameter is a different type. Parameters after the weight do not count.
            ("image/webp;profile=x,*/*", .jpeg), ("image/webp;q=0.5;ext=1,*/*;q=0.1", .webp),
            ("IMAGE/WebP", .webp), ("image/webpx,*/*", .jpeg), ("\timage/webp\t;\tq=0.7\t,*/*;q=0.1", .webp),
        ])
    func jpeg(_ value: String, _ expected: ImageFormat) {
        #expect(accept([value]).choose(for: .jpeg, hasAlpha: false) == expected)
    }

    @Test("Without Accept everything is accepted, and the base is sent; several lines are one list")
    func lines() {
        #expect(accept([]).choose(for: .jpeg, hasAlpha: false) == .jpeg)
        #expect(accept(["*/*;q=0.5", "image/webp"]).choose(for: .jpeg, hasAlpha: false) == .webp)
        #expect(accept(["image/webp", "image/webp;q=0.5, image/jpeg"]).choose(for: .jpeg, hasAlpha: false) == .jpeg)
    }

    @Test("The base is the stored format, or one that can hold its transparency; its own weight counts")
    func base() {
        let none = accept(["*/*"])
        #expect(none.choose(for: .png, hasAlpha: true) == .png)
        #expect(none.choose(for: .png, hasAlpha: false) == .png)
        #expect(none.choose(for: .webp, hasAlpha: false) == .jpeg)
        #expect(none.choose(for: .avif, hasAlpha: true) == .png)
        let pngOnly = accept(["image/png,image/webp;q=0.5"])
        #expect(pngOnly.choose(for: .png, hasAlpha: false) == .png)
        #expect(pngOnly.choose(for: .jpeg, hasAlpha: false) == .webp)
    }

    @Test("Spellings with the same meaning are equal")
    func reduced() {
        let chrome = accept(["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"])
        #expect(chrome == accept(["image/avif"]))
        #expect(accept(["*/*"]) == accept([]))
        #expect(accept(["*/*"]) == accept(["text/html, image/*;q=0.3"]))
        var seen: Set<Accept> = []
        for (avif, webp) in [(0, 0), (1, 0), (0, 1), (5, 9), (9, 5)] {
            for (jpeg, png) in [(0, 0), (1, 1), (7, 3), (3, 7), (9, 0), (0, 9)] {
                seen.insert(
                    accept(["image/avif;q=0.\(avif),image/webp;q=0.\(webp),image/jpeg;q=0.\(jpeg),image/png;q=0.\(png)"]
                    ))
            }
        }
        #expect(seen.count <= 9)
    }
}
