import ImageModel
import Testing

@Suite struct GravityTests {
    @Test(arguments: [
        ("center", Gravity.center), ("0.5,0.5", .center), (".5,0.50", .center), ("top", .point(x: 5_000, y: 0)),
        ("bottom-right", .point(x: 10_000, y: 10_000)), ("1,1", .point(x: 10_000, y: 10_000)),
        ("0.25,0.75", .point(x: 2_500, y: 7_500)), ("0,0", .point(x: 0, y: 0)), ("smart", .smart),
    ])
    func `gravities by name and by point`(text: String, expected: Gravity) {
        #expect(Gravity(text) == expected)
    }

    @Test(arguments: [
        "", "middle", "Center", "0.5", "0.5,", ",0.5", "0.5,0.5,0.5", "1.01,0", "-0.1,0", "nan,0", "0x1,0", "1e-1,0",
        "0.5 ,0.5", ".,.", "top-center",
    ])
    func `anything else is none`(text: String) {
        #expect(Gravity(text) == nil)
    }
}

@Suite struct ColorTests {
    @Test(arguments: [
        ("fff", Color.white), ("#FFFFFF", .white), ("ffff", .white), ("123", Color(red: 17, green: 34, blue: 51)),
        ("1234", Color(red: 17, green: 34, blue: 51, alpha: 68)),
        ("#0a0B0c0D", Color(red: 10, green: 11, blue: 12, alpha: 13)),
    ])
    func `colours in the forms of CSS`(text: String, expected: Color) {
        #expect(Color(hexadecimal: text) == expected)
        #expect(Color(hexadecimal: expected.hexadecimal) == expected)
    }

    @Test(arguments: ["", "#", "ff", "fffff", "fffffff", "fffffffff", "ggg", "##fff", "white", "ff ff", "é12"])
    func `anything else is none`(text: String) {
        #expect(Color(hexadecimal: text) == nil)
    }

    @Test func `a colour composed over another one`() {
        let black = Color(red: 0, green: 0, blue: 0, alpha: 128)
        #expect(black.over(.white) == Color(red: 127, green: 127, blue: 127))
        #expect(Color.clear.over(.white) == .white)
    }
}
