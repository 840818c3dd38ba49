import CRendering
import ImageModel

/// Resamples one plane row by row, in any order, and leaves six fractional bits, for further computation before the
/// samples are rounded.
struct RowResampler: ~Copyable {
    private let input: Resampler.Plane
    private let tables: ResampleTables
    private let sums: UnsafeMutablePointer<Int16>
    private let row: UnsafeMutablePointer<Int16>

    /// - Parameters:
    ///   - input: must live as long as this, and have one channel.
    ///   - tables: made for an input of this size.
    init(_ input: Resampler.Plane, tables: ResampleTables) {
        precondition(
            input.samples.count >= (input.height - 1) * input.stride + input.width && input.stride >= input.width
                && tables.geometry.input.width == input.width && tables.geometry.input.height == input.height,
            "less memory than the picture needs")
        self.input = input
        self.tables = tables
        let count = tables.horizontal.used.count + Int(TR_SLACK)
        sums = .allocate(capacity: count)
        sums.initialize(repeating: 0, count: count)
        row = .allocate(capacity: tables.geometry.output.width)
        row.initialize(repeating: 0, count: tables.geometry.output.width)
    }

    deinit {
        sums.deallocate()
        row.deallocate()
    }

    /// The samples of a row of the output; valid until the next call.
    func row(_ y: Int) -> UnsafePointer<Int16> {
        let window = tables.vertical.windows[y]
        let columns = tables.horizontal.used
        // Windows are inside the input (see ResampleWeights), columns too.
        tables.vertical.weights.withUnsafeBufferPointer { vertical in
            tables.horizontal.weights.withUnsafeBufferPointer { horizontal in
                tables.windows.withUnsafeBufferPointer { windows in
                    guard let input = input.samples.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        let vertical = vertical.baseAddress, let horizontal = horizontal.baseAddress,
                        let windows = windows.baseAddress
                    else { return }
                    let rows = input + Int(window.start) * self.input.stride + columns.lowerBound
                    tr_sum_rows(
                        rows, self.input.stride, vertical + Int(window.offset), Int(window.count), sums, columns.count)
                    tr_filter_gray_deep(sums, windows, tables.geometry.output.width, horizontal, row)
                }
            }
        }
        return UnsafePointer(row)
    }
}
