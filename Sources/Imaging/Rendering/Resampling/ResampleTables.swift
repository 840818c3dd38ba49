import CRendering
import ImageModel

/// The windows and weights of both axes. Planes of the same size share them.
struct ResampleTables {
    /// The input of the tables: equal geometries have equal tables.
    struct Geometry: Hashable {
        var input: PixelSize
        /// The part to show, within the input. Pixels outside it still count for the pixels at its edges.
        var region: SourceRegion
        var output: PixelSize
        var filter: ResampleFilter
    }

    let geometry: Geometry
    let vertical: ResampleWeights
    let horizontal: ResampleWeights
    /// The windows of a row, counted from the first column used.
    let windows: [tr_window]

    init(_ geometry: Geometry) {
        self.geometry = geometry
        vertical = ResampleWeights(
            inputCount: geometry.input.height, origin: geometry.region.y, length: geometry.region.height,
            outputCount: geometry.output.height, filter: geometry.filter)
        let horizontal = ResampleWeights(
            inputCount: geometry.input.width, origin: geometry.region.x, length: geometry.region.width,
            outputCount: geometry.output.width, filter: geometry.filter)
        windows = horizontal.windows.map { window in
            tr_window(
                start: window.start - Int32(horizontal.used.lowerBound), count: window.count, offset: window.offset)
        }
        self.horizontal = horizontal
    }

    /// An upper bound of their size.
    static func bytes(input: PixelSize, output: PixelSize, filter: ResampleFilter) -> Int {
        func table(_ input: Int, _ output: Int) -> Int {
            let reach = filter.reach(scale: Double(input) / Double(output))
            return output
                * (2 * MemoryLayout<tr_window>.stride + 2 * ResampleWeights.capacity(reach: reach, inputCount: input))
        }
        return table(input.width, output.width) + table(input.height, output.height)
    }
}
