// NumPy arrays as views. Whatever the core could misread is refused here; Python converts beforehand.
#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "engine/feed.h"
#include "engine/parameters.h"
#include "isa/table/data.h"

namespace fastdnn::bindings {

namespace py = pybind11;

// Any array of T, without conversion: other types are a TypeError.
template <class T>
using Array = py::array_t<T, 0>;

inline bool is_aligned(const py::array& array) {
  return (py::detail::array_proxy(array.ptr())->flags & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
}

inline bool is_contiguous(const py::array& array) {
  return (array.flags() & py::array::c_style) != 0;
}

// x (rows, cols) with contiguous rows. A vector is one row.
template <class T, class A>
Matrix<T> matrix_view(const A& array, T* data, const char* name) {
  check(array.ndim() == 1 || array.ndim() == 2, name, "expected one or two dimensions, got ", array.ndim());
  const Index size = static_cast<Index>(sizeof(T));
  const Index cols = array.shape(array.ndim() - 1);
  const Index rows = array.ndim() == 2 ? array.shape(0) : 1;
  if (rows == 0 || cols == 0) return {data, rows, cols, cols};  // NumPy's strides of nothing mean nothing
  const Index stride = array.ndim() == 2 && rows > 1 ? array.strides(0) : cols * size;
  check(is_aligned(array) && (cols == 1 || array.strides(array.ndim() - 1) == size) && stride >= 0 &&
            stride % size == 0,
        name, "expected an aligned array whose rows are contiguous; make one with numpy.ascontiguousarray");
  return {data, rows, cols, stride / size};
}

template <class T>
Matrix<T> output_matrix(Array<T>& array, const char* name) {
  check(array.writeable(), name, "expected an array that can be written, got a read-only one");
  return matrix_view<T>(array, array.mutable_data(), name);
}

template <class T>
Matrix<const T> input_matrix(const Array<T>& array, const char* name) {
  return matrix_view<const T>(array, array.data(), name);
}

// The type of an array's elements, in the byte order of this machine.
inline SourceType source_type(const py::array& array, const char* name) {
  if (py::isinstance<py::array_t<float>>(array)) return SourceType::f32;
  if (py::isinstance<py::array_t<double>>(array)) return SourceType::f64;
  if (py::isinstance<py::array_t<std::uint8_t>>(array)) return SourceType::u8;
  if (py::isinstance<py::array_t<bool>>(array)) return SourceType::b8;
  if (py::isinstance<py::array_t<std::int8_t>>(array)) return SourceType::i8;
  if (py::isinstance<py::array_t<std::uint16_t>>(array)) return SourceType::u16;
  if (py::isinstance<py::array_t<std::int16_t>>(array)) return SourceType::i16;
  if (py::isinstance<py::array_t<std::uint32_t>>(array)) return SourceType::u32;
  if (py::isinstance<py::array_t<std::int32_t>>(array)) return SourceType::i32;
  if (py::isinstance<py::array_t<std::uint64_t>>(array)) return SourceType::u64;
  if (py::isinstance<py::array_t<std::int64_t>>(array)) return SourceType::i64;
  if (array.dtype().equal(py::dtype("float16"))) return SourceType::f16;
  fail(name, "expected float16, float32, float64, bool, int8 to int64 or uint8 to uint64, got ",
       std::string(py::str(array.dtype())), "; convert it with astype(numpy.float32)");
}

// x (rows, cols) with any strides.
inline Source source_view(const py::array& array, const char* name) {
  check(array.ndim() == 2, name, "expected two dimensions, got ", array.ndim());
  Source source{array.data(), source_type(array, name), array.shape(0), array.shape(1), 0, 1};
  if (source.rows == 0 || source.cols == 0) return source;  // NumPy's strides of nothing mean nothing
  const auto strides = [&](int axis) { return array.shape(axis) > 1 ? array.strides(axis) : 0; };
  check(is_aligned(array) && strides(0) % array.itemsize() == 0 && strides(1) % array.itemsize() == 0, name,
        "expected an aligned array; make one with numpy.ascontiguousarray");
  source.row_stride = strides(0) / array.itemsize();
  if (source.cols > 1) source.col_stride = strides(1) / array.itemsize();
  return source;
}

inline Dtype dtype_from(const std::string& name) {
  if (name == "float32") return Dtype::f32;
  if (name == "float64") return Dtype::f64;
  fail("dtype", "expected 'float32' or 'float64', got '", name, "'");
}

inline py::array empty_array(Dtype dtype, const std::vector<Index>& shape) {
  if (dtype == Dtype::f64) return py::array_t<double>(shape);
  return py::array_t<float>(shape);
}

// Refuses what cannot be copied byte by byte into a segment.
inline void check_segment_array(Dtype dtype, const Segment& segment, const py::array& array) {
  const bool typed = dtype == Dtype::f64 ? py::isinstance<py::array_t<double>>(array)
                                         : py::isinstance<py::array_t<float>>(array);
  bool shaped = array.ndim() == static_cast<py::ssize_t>(segment.shape.size());
  for (std::size_t i = 0; shaped && i < segment.shape.size(); ++i) {
    shaped = array.shape(static_cast<py::ssize_t>(i)) == segment.shape[i];
  }
  check(typed && shaped && is_contiguous(array), "Parameters", "expected a contiguous array for '",
        segment.name, "' in the model's type and the segment's shape");
}

// An array of a feed: a dense one, or the entries of a sparse one (fastdnn.data.sparse.CsrRows).
struct SourceArray {
  py::array values;
  py::object starts, columns;
  Index width = -1;  // of a sparse one
};

// The arrays of a feed, which whoever reads them keeps: what Python does to its list meanwhile does not matter.
using SourceArrays = std::vector<SourceArray>;

// x by its entries. What the indices say is checked where they are used.
inline Source sparse_view(const py::array& values, const py::array& starts, const py::array& columns,
                          Index width, const char* name) {
  const bool narrow =
      py::isinstance<py::array_t<std::int32_t>>(starts) && py::isinstance<py::array_t<std::int32_t>>(columns);
  const bool wide =
      py::isinstance<py::array_t<std::int64_t>>(starts) && py::isinstance<py::array_t<std::int64_t>>(columns);
  bool vectors = true;
  for (const py::array* array : {&values, &starts, &columns}) {
    vectors = vectors && array->ndim() == 1 && is_contiguous(*array) && is_aligned(*array);
  }
  check((narrow || wide) && vectors && starts.shape(0) >= 1 && columns.shape(0) == values.shape(0) &&
            width >= 1 && width < Index{1} << 31,
        name, "expected the entries of a sparse array as contiguous vectors: values and as many columns, ",
        "starts; both indices in int32 or int64");
  Source source{values.data(), source_type(values, name), starts.shape(0) - 1, width, 0, 1};
  source.sparse = {starts.data(), columns.data(), wide, columns.shape(0)};
  return source;
}

inline Source source_view(const SourceArray& array, const char* name) {
  if (array.width < 0) return source_view(array.values, name);
  return sparse_view(array.values, py::reinterpret_borrow<py::array>(array.starts),
                     py::reinterpret_borrow<py::array>(array.columns), array.width, name);
}

inline std::vector<Source> source_views(const SourceArrays& arrays) {
  std::vector<Source> sources;
  for (const SourceArray& array : arrays) sources.push_back(source_view(array, "Feed"));
  return sources;
}

// Where a run met a number that is not finite: (source, row, column, value), or None.
inline py::object place_of(const std::optional<NonFinite>& found) {
  if (!found) return py::none();
  return py::make_tuple(found->source, found->row, found->col, found->value);
}

}  // namespace fastdnn::bindings

// Takes NumPy arrays, and what has the attributes of CsrRows.
template <>
struct pybind11::detail::type_caster<fastdnn::bindings::SourceArray> {
  PYBIND11_TYPE_CASTER(fastdnn::bindings::SourceArray, const_name("numpy.ndarray"));

  bool load(handle from, bool) {
    if (isinstance<array>(from)) {
      value.values = reinterpret_borrow<array>(from);
      return true;
    }
    for (const char* part : {"values", "starts", "columns", "width"}) {
      if (!hasattr(from, part)) return false;
    }
    // Each is asked for once: another time it might be something else.
    const object values = from.attr("values"), starts = from.attr("starts"), columns = from.attr("columns");
    if (!isinstance<array>(values) || !isinstance<array>(starts) || !isinstance<array>(columns)) return false;
    value.values = reinterpret_borrow<array>(values);
    value.starts = starts;
    value.columns = columns;
    value.width = from.attr("width").cast<fastdnn::Index>();
    return true;
  }
};
