import KobaiOperators
import KobaiTensor

extension Table {
  /// Columns of numbers as a tensor of shape [rows, columns]; false and true are 0 and 1, and missing
  /// values NaN.
  ///
  ///     let x = try table.tensor(["sepal_length", "sepal_width"])   // [150, 2]
  ///
  /// - Throws: `TableError` if there is no such column, it holds text, or it lacks values that `dtype`
  ///   cannot show as NaN.
  public func tensor(_ names: [String], dtype: DType = .float32) throws(TableError) -> Tensor {
    var columns: [Tensor] = []
    for name in names { columns.append(try tensor(name, dtype: dtype)) }
    return columns.isEmpty
      ? Tensor.zeros([count, 0], dtype: dtype) : Tensor.stack(columns, dim: 1)
  }

  /// A column of numbers as a tensor of shape [rows].
  ///
  /// - Throws: `TableError` as `tensor(_:dtype:)` for several columns does.
  public func tensor(_ name: String, dtype: DType = .float32) throws(TableError) -> Tensor {
    let column = try column(name)
    let missing = column.missingCount
    guard missing == 0 || dtype.isDifferentiable else {
      throw TableError(
        "column \"\(name)\" lacks \(missing) values, and \(dtype) has no NaN for them; fill them in or "
          + "leave those rows out with dropMissing([\"\(name)\"])")
    }
    if case .int(let values) = column.values, missing == 0 {
      return Tensor(values.compactMap { $0 }, shape: [count], dtype: dtype)
    }
    guard let numbers = column.numbers else {
      throw TableError(
        "column \"\(name)\" holds text; encode it with a TableEncoder, or leave it out")
    }
    return Tensor(numbers.map { $0 ?? .nan }, shape: [count], dtype: dtype)
  }
}
