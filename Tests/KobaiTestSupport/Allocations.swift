import CTestSupport

/// How often this thread calls the allocator in `body`; nil where it is not counted (not Linux, or under
/// a sanitizer).
@inline(never)
public func allocations(in body: () -> Void) -> Int? {
  guard kb_test_counts_allocations() else { return nil }
  let before = kb_test_allocations()
  body()
  return kb_test_allocations() - before
}

/// Allocations of one call of `body` once caches are warm: the fewest of some calls, because the Swift
/// runtime may extend a table that other tests fill meanwhile.
public func steadyAllocations(of body: () -> Void) -> Int? {
  body()
  return (0..<5).compactMap { _ in allocations(in: body) }.min()
}
