public import TaskSupport

/// The clock that deadlines in this module are measured with.
public typealias AdmissionClock = MonotonicClock
