import CRendering
import ImageCodecs
import ImageModel

/// Resamples part of a picture to a new size: Lanczos with three lobes, widened for reductions, in fixed point.
///
/// It computes the output row by row: the input rows of one output row are summed first, then that one row of sums is
/// filtered horizontally. So only the two pictures, two tables and one row are in memory. Samples are used as they are,
/// not linearised, as browsers, libvips and imgproxy do by default.
enum Resampler {
    /// - Parameters:
    ///   - region: the part to show, within the picture. Pixels outside it still count for the pixels at its edges.
    ///   - size: of the output; sides of at least 1.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func resample(
        _ picture: borrowing PixelBuffer, region: SourceRegion, to size: PixelSize, filter: ResampleFilter = .lanczos,
        cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        var output = try PixelBuffer(width: size.width, height: size.height, layout: picture.layout)
        let (width, height, layout) = (picture.width, picture.height, picture.layout)
        let isFinished = picture.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                let plane = Plane(samples: input, stride: width * layout.bytesPerPixel, width: width, height: height)
                let geometry = ResampleTables.Geometry(
                    input: PixelSize(width: width, height: height), region: region, output: size, filter: filter)
                if isCopy(geometry) {
                    return copy(
                        plane, channels: layout.bytesPerPixel, region: region, to: size, into: output,
                        cancelled: cancelled)
                }
                return resample(
                    plane, channels: layout.bytesPerPixel, tables: ResampleTables(geometry), into: output,
                    cancelled: cancelled)
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// Rows of samples in memory, `stride` bytes apart; the padding after the last one may be missing.
    struct Plane {
        var samples: UnsafeRawBufferPointer
        var stride: Int
        var width: Int
        var height: Int
    }

    /// The same from memory to memory; the output has no gaps between its rows.
    /// - Parameters:
    ///   - channels: 1, 3, or 4 with alpha.
    ///   - tables: made for an input of this size.
    /// - Returns: whether it was finished; false if it was cancelled.
    static func resample(
        _ input: Plane, channels: Int, tables: ResampleTables, into output: UnsafeMutableRawBufferPointer,
        cancelled: CancelFlag
    ) -> Bool {
        let size = tables.geometry.output
        let (stride, outputStride) = (input.stride, size.width * channels)
        precondition(
            input.samples.count >= (input.height - 1) * input.stride + input.width * channels
                && input.stride >= input.width * channels && output.count >= size.height * outputStride
                && tables.geometry.input == PixelSize(width: input.width, height: input.height),
            "less memory than the picture needs")

        // Only the columns that are used are summed. The kernels may read some sums after the last one.
        let columns = tables.horizontal.used
        let samples = columns.count * channels
        let sums = UnsafeMutablePointer<Int16>.allocate(capacity: samples + slack)
        sums.initialize(repeating: 0, count: samples + slack)
        defer { sums.deallocate() }

        // The bounds of all reads and writes below: windows are inside the input (see ResampleWeights), columns too,
        // and both memories are as large as was checked above.
        return tables.vertical.weights.withUnsafeBufferPointer { verticalWeights in
            tables.horizontal.weights.withUnsafeBufferPointer { horizontalWeights in
                tables.windows.withUnsafeBufferPointer { windows in
                    guard let input = input.samples.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        let output = output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        let verticalWeights = verticalWeights.baseAddress, let windows = windows.baseAddress,
                        let horizontalWeights = horizontalWeights.baseAddress
                    else { return true }
                    let left = input + columns.lowerBound * channels
                    for (y, window) in tables.vertical.windows.enumerated() {
                        if cancelled.isCancelled { return false }
                        let rows = left + Int(window.start) * stride
                        let weights = verticalWeights + Int(window.offset)
                        let target = output + y * outputStride
                        let taps = Int(window.count)
                        switch channels {
                        case 1:
                            tr_sum_rows(rows, stride, weights, taps, sums, samples)
                            tr_filter_gray(sums, windows, size.width, horizontalWeights, target)
                        case 3:
                            tr_sum_rows(rows, stride, weights, taps, sums, samples)
                            tr_filter_rgb(sums, windows, size.width, horizontalWeights, target)
                        default:
                            tr_sum_rows_rgba(rows, stride, weights, taps, sums, columns.count)
                            tr_filter_rgba(sums, windows, size.width, horizontalWeights, target)
                        }
                    }
                    return true
                }
            }
        }
    }

    /// An upper bound of the memory for ``resample(_:region:to:filter:cancelled:)``, without its input and output.
    static func workingBytes(input: PixelSize, output: PixelSize, filter: ResampleFilter = .lanczos) -> Int {
        ResampleTables.bytes(input: input, output: output, filter: filter)
            + (input.width * 4 + slack) * MemoryLayout<Int16>.stride
    }

    private static let slack = Int(TR_SLACK)

    /// Whether every output pixel is exactly an input pixel.
    private static func isCopy(_ geometry: ResampleTables.Geometry) -> Bool {
        let (region, size) = (geometry.region, geometry.output)
        return geometry.filter == .lanczos && region.width == Double(size.width)
            && region.height == Double(size.height) && region.x == region.x.rounded()
            && region.y == region.y.rounded() && region.x >= 0 && region.y >= 0
            && Int(region.x) + size.width <= geometry.input.width
            && Int(region.y) + size.height <= geometry.input.height
    }

    private static func copy(
        _ input: Plane, channels: Int, region: SourceRegion, to size: PixelSize,
        into output: UnsafeMutableRawBufferPointer, cancelled: CancelFlag
    ) -> Bool {
        let bytes = size.width * channels
        for y in 0..<size.height {
            if cancelled.isCancelled { return false }
            let start = (Int(region.y) + y) * input.stride + Int(region.x) * channels
            UnsafeMutableRawBufferPointer(rebasing: output[(y * bytes)..<((y + 1) * bytes)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: input.samples[start..<(start + bytes)]))
        }
        return true
    }
}
