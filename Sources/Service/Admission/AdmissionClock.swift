public import TaskSupport

/// The clock of this room's deadlines.
public typealias AdmissionClock = MonotonicClock
