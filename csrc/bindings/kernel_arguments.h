// What the bindings of the single kernels share. Outputs come first, then inputs, then options, as in
// fastdnn.reference; here the outputs are written in place.
#pragma once

#include <pybind11/stl.h>

#include <optional>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "bindings/measure.h"
#include "bindings/register.h"
#include "core/team.h"

namespace fastdnn::bindings {

template <class A, class B>
void same_shape(const Matrix<A>& a, const Matrix<B>& b, const char* where) {
  check(a.rows == b.rows && a.cols == b.cols, where, "expected (", a.rows, ", ", a.cols, "), got (", b.rows,
        ", ", b.cols, ")");
}

template <class T>
const T* vector_of(const Array<T>& array, Index n, const char* where) {
  check(array.ndim() == 1 && array.shape(0) == n && (n <= 1 || array.strides(0) == sizeof(T)) &&
            is_aligned(array),
        where, "expected a contiguous vector of ", n);
  return array.data();
}

template <class T>
T* vector_out(Array<T>& array, Index n, const char* where) {
  check(array.writeable(), where, "expected an array that can be written");
  return const_cast<T*>(vector_of(array, n, where));
}

template <class T>
using Optional = std::optional<Array<T>>;

template <class T>
const T* optional_vector(const Optional<T>& array, Index n, const char* where) {
  return array ? vector_of(*array, n, where) : nullptr;
}

// The gradient of a loss, or an empty view where it is not wanted.
template <class T>
Matrix<T> optional_gradient(Optional<T>& array, const Matrix<const T>& like, const char* where) {
  if (!array) return {nullptr, 0, 0, 0};
  const Matrix<T> gradient = output_matrix(*array, where);
  same_shape(gradient, like, where);
  return gradient;
}

// Runs the kernel; or, in a measurement, hands it over, which returns when all is measured.
template <class Body>
void on_team(int threads, const Body& body) {
  if (Measurement* measurement = Measurement::current()) return measurement->add(threads, body);
  const WithoutGil release;
  run_team(threads, body);
}

inline const std::int32_t* checked_labels(const Array<std::int32_t>& labels, Index rows, Index classes,
                                          const char* where) {
  const std::int32_t* data = vector_of(labels, rows, where);
  for (Index r = 0; r < rows; ++r) {
    check(data[r] >= 0 && data[r] < classes, where, "expected labels below ", classes, ", got ", data[r],
          " in row ", r);
  }
  return data;
}

// Indices (n,) or (n, k) into something of `limit`. Kernels are for tests: no other thread may write the array
// before the call is over. (A feed has copies of its own.)
inline const std::int32_t* checked_indices(const Array<std::int32_t>& indices, Index limit, const char* what,
                                           const char* where) {
  check(indices.ndim() >= 1 && is_contiguous(indices) && is_aligned(indices), where,
        "expected a contiguous array of indices");
  const std::int32_t* data = indices.data();
  for (Index i = 0; i < indices.size(); ++i) {
    check(data[i] >= 0 && data[i] < limit, where, "expected ", what, " below ", limit, ", got ", data[i],
          " at index ", i);
  }
  return data;
}

void bind_data_kernels(py::module_& m);
void bind_activation_kernels(py::module_& m);
void bind_gemm_kernels(py::module_& m);
void bind_pointwise_kernels(py::module_& m);
void bind_normalization_kernels(py::module_& m);
void bind_random_kernels(py::module_& m);
void bind_loss_kernels(py::module_& m);
void bind_softmax_kernels(py::module_& m);
void bind_update_kernels(py::module_& m);

}  // namespace fastdnn::bindings
