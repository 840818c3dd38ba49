public import TaskSupport

/// The clock of this target's deadlines.
public typealias AdmissionClock = MonotonicClock
