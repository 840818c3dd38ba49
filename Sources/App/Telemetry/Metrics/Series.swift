/// The count of one combination of labels of one metric.
protocol Series: AnyObject, Sendable {
    /// The lines of the exposition, in their order.
    func samples() -> [Sample]
}

/// One line of the exposition, without the metric's name and labels.
struct Sample {
    enum Value {
        case integer(Int64)
        case number(Double)
    }

    var suffix = ""
    /// A histogram's bucket: the label `le`.
    var bound: Double?
    let value: Value
}
