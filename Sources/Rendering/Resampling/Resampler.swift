import ImageCodecs
import ImageModel

/// Resamples part of a picture to a new size: Lanczos with three lobes, stretched for reductions, in 32-bit floats.
///
/// It goes through the output row by row: the input rows of one output row are summed up first, then that one row of
/// floats is filtered sideways. So nothing but the two pictures, two tables and one row is in memory. Samples are
/// taken as they are, not linearised, as browsers, libvips and imgproxy do by default.
enum Resampler {
    /// - Parameters:
    ///   - region: the part to show, within the picture. What lies beyond it still counts for the pixels at its edges.
    ///   - size: of the output; sides of at least 1.
    /// - Throws: ``CodecError/outOfMemory``, ``CodecError/cancelled``.
    static func resample(
        _ picture: borrowing PixelBuffer, region: SourceRegion, to size: PixelSize, cancelled: CancelFlag
    ) throws(CodecError) -> PixelBuffer {
        let vertical = ResampleWeights(
            inputCount: picture.height, origin: region.y, length: region.height, outputCount: size.height)
        let horizontal = ResampleWeights(
            inputCount: picture.width, origin: region.x, length: region.width, outputCount: size.width)
        var output = try PixelBuffer(width: size.width, height: size.height, layout: picture.layout)
        let bytesPerRow = (input: picture.bytesPerRow, output: output.bytesPerRow)
        let layout = picture.layout

        // Only the columns that are used are summed. The kernels may read up to four floats behind the last one.
        let columns = horizontal.used
        let samples = columns.count * layout.bytesPerPixel
        let row = UnsafeMutablePointer<Float>.allocate(capacity: samples + 4)
        row.initialize(repeating: 0, count: samples + 4)
        defer { row.deallocate() }

        // The bounds of all reads and writes below: windows lie within the input (see ResampleWeights), columns too,
        // and both buffers hold as many bytes as their sizes say (see PixelBuffer).
        let isFinished = picture.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                vertical.weights.withUnsafeBufferPointer { verticalWeights in
                    horizontal.weights.withUnsafeBufferPointer { horizontalWeights in
                        horizontal.windows.withUnsafeBufferPointer { windows in
                            guard let input = input.baseAddress?.assumingMemoryBound(to: UInt8.self),
                                let output = output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                                let verticalWeights = verticalWeights.baseAddress,
                                let horizontalWeights = horizontalWeights.baseAddress
                            else { return true }
                            let left = input + columns.lowerBound * layout.bytesPerPixel
                            for (y, window) in vertical.windows.enumerated() {
                                if cancelled.isCancelled { return false }
                                let rows = left + window.start * bytesPerRow.input
                                let weights = verticalWeights + window.offset
                                let target = output + y * bytesPerRow.output
                                switch layout {
                                case .gray8, .rgb8:
                                    VerticalPass.sum(
                                        rows: rows, stride: bytesPerRow.input, weights: weights, taps: window.count,
                                        into: row, count: samples)
                                case .rgba8:
                                    VerticalPass.sumWithAlpha(
                                        rows: rows, stride: bytesPerRow.input, weights: weights, taps: window.count,
                                        into: row, count: columns.count)
                                }
                                let pass =
                                    switch layout {
                                    case .gray8: HorizontalPass.gray
                                    case .rgb8: HorizontalPass.rgb
                                    case .rgba8: HorizontalPass.rgba
                                    }
                                pass(row, columns.lowerBound, windows, horizontalWeights, target)
                            }
                            return true
                        }
                    }
                }
            }
        }
        if !isFinished { throw .cancelled }
        return output
    }

    /// An upper bound of what ``resample(_:region:to:cancelled:)`` takes beside its input and output.
    static func workingBytes(inputWidth: Int, inputHeight: Int, output: PixelSize) -> Int {
        func table(_ input: Int, _ output: Int) -> Int {
            // Per output sample: a window, and the weights of six lobes' width, at least six, and the filling.
            output * (MemoryLayout<ResampleWeights.Window>.stride + 4 * (8 + ResampleWeights.group)) + 6 * 4 * input
        }
        return table(inputWidth, output.width) + table(inputHeight, output.height) + (inputWidth + 1) * 16
    }
}
