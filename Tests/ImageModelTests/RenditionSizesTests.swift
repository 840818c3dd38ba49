import ImageModel
import Testing

@Suite("Sizes that renditions may have")
struct RenditionSizesTests {
    private func snapped(
        _ width: Int?, _ height: Int?, to sides: [Int] = [1280, 160, 640, 320], fit: RenditionRequest.Fit = .cover
    ) -> [Int?] {
        let box = RenditionSizes(sides).snapped(width: width, height: height, fit: fit)
        return [box.width, box.height]
    }

    @Test(
        "A single side becomes the next larger one of the list, or the largest",
        arguments: [
            (1, 160), (159, 160), (160, 160), (161, 320), (320, 320), (321, 640), (1280, 1280), (1281, 1280),
            (8192, 1280),
        ])
    func oneSide(_ asked: Int, _ expected: Int) {
        #expect(snapped(asked, nil) == [expected, nil])
        #expect(snapped(nil, asked) == [nil, expected])
    }

    @Test(
        "A box that is filled keeps its proportions, and its longer side decides",
        arguments: [
            (100, 50, 160, 80), (50, 100, 80, 160), (160, 160, 160, 160), (200, 200, 320, 320), (640, 480, 640, 480),
            (639, 479, 640, 480), (3000, 2000, 1280, 853), (2000, 3000, 853, 1280), (1, 8192, 1, 1280),
            (8192, 8192, 1280, 1280), (3, 2, 160, 107), (1, 2, 80, 160), (8191, 8192, 1280, 1280),
        ])
    func box(_ width: Int, _ height: Int, _ expectedWidth: Int, _ expectedHeight: Int) {
        #expect(snapped(width, height) == [expectedWidth, expectedHeight])
        // A size that was snapped does not change again.
        #expect(snapped(expectedWidth, expectedHeight) == [expectedWidth, expectedHeight])
    }

    @Test(
        "If the box is only a bound, each side becomes the next larger one of the list",
        arguments: [
            RenditionRequest.Fit.scaleDown, .contain,
        ])
    func bound(_ fit: RenditionRequest.Fit) {
        #expect(snapped(300, 2000, fit: fit) == [320, 1280])
        #expect(snapped(1, 8192, fit: fit) == [160, 1280])
        #expect(snapped(161, nil, fit: fit) == [320, nil])
        #expect(snapped(17, 4711, to: [], fit: fit) == [17, 4711])
        // So there are at most as many boxes as pairs of sizes.
        let boxes = Set((1...1280).map { snapped($0, 1280, fit: fit) })
        #expect(boxes.count == 4)
    }

    @Test("Without a list, and without a side, nothing changes")
    func free() {
        #expect(snapped(17, 4711, to: []) == [17, 4711])
        #expect(snapped(nil, nil) == [nil, nil])
    }

    @Test("No side exceeds the list, whatever is requested")
    func bounded() {
        var widths: Set<Int> = []
        for width in 1...8192 {
            widths.formUnion(snapped(width, nil).compactMap(\.self))
            #expect(snapped(width, 8193 - width).allSatisfy { (1...1280).contains($0 ?? 0) })
        }
        #expect(widths == [160, 320, 640, 1280])
    }
}
