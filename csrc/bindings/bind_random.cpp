#include "bindings/kernel_arguments.h"
#include "kernels/dropout.h"
#include "kernels/gaussian_noise.h"

namespace fastdnn::bindings {
namespace {

constexpr Index kMostOfCounter = Index{1} << 32;  // rows and columns are words of Philox's counter

template <class T>
void check_counter(const Matrix<T>& x, Index first_row, const char* where) {
  check(first_row >= 0 && first_row <= kMostOfCounter - x.rows && x.cols <= kMostOfCounter, where,
        "expected rows and columns below 2^32, got rows from ", first_row, " to ", first_row, " + ", x.rows,
        " and ", x.cols, " columns");
}

template <class T>
DropoutMask dropout_mask(const Matrix<T>& x, double rate, const RandomKey& key, Index first_row,
                         const char* where) {
  check(rate >= 0 && rate < 1, where, "expected 0 <= rate < 1, got ", rate);
  check_counter(x, first_row, where);
  return {key, first_row, dropout_threshold(rate)};
}

template <class T>
void bind_dropout(py::module_& m) {
  m.def(
      "dropout",
      [](Array<T> y, const Array<T>& x, double rate, std::uint64_t seed, std::uint32_t stream,
         std::uint32_t step, Index first_row, int threads) {
        const Matrix<T> out = output_matrix(y, "dropout");
        const Matrix<const T> in = input_matrix(x, "dropout");
        same_shape(out, in, "dropout");
        const DropoutMask mask = dropout_mask(in, rate, {seed, stream, step}, first_row, "dropout");
        on_team(threads, [&](Team& team) { dropout_forward<T>(team, out, in, mask); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("rate"), py::arg("seed"), py::arg("stream"),
      py::arg("step"), py::arg("first_row") = 0, py::arg("threads") = 1);
  m.def(
      "dropout_backward",
      [](Array<T> dx, const Array<T>& dy, double rate, std::uint64_t seed, std::uint32_t stream,
         std::uint32_t step, Index first_row, bool accumulate, int threads) {
        const char* where = "dropout_backward";
        const Matrix<T> out = output_matrix(dx, where);
        const Matrix<const T> gradient = input_matrix(dy, where);
        same_shape(out, gradient, where);
        const DropoutMask mask = dropout_mask(gradient, rate, {seed, stream, step}, first_row, where);
        on_team(threads, [&](Team& team) { dropout_backward<T>(team, out, gradient, mask, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("dy").noconvert(), py::arg("rate"), py::arg("seed"),
      py::arg("stream"), py::arg("step"), py::arg("first_row") = 0, py::arg("accumulate") = false,
      py::arg("threads") = 1);
}

template <class T>
void bind_gaussian_noise(py::module_& m) {
  m.def(
      "gaussian_noise",
      [](Array<T> y, const Array<T>& x, double stddev, std::uint64_t seed, std::uint32_t stream,
         std::uint32_t step, Index first_row, int threads) {
        const char* where = "gaussian_noise";
        const Matrix<T> out = output_matrix(y, where);
        const Matrix<const T> in = input_matrix(x, where);
        same_shape(out, in, where);
        check(stddev >= 0 && stddev < kMostStddev, where, "expected 0 <= stddev < 1e30, got ", stddev);
        check_counter(in, first_row, where);
        const GaussianNoise noise{{seed, stream, step}, first_row, stddev};
        on_team(threads, [&](Team& team) { gaussian_noise<T>(team, out, in, noise); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("stddev"), py::arg("seed"),
      py::arg("stream"), py::arg("step"), py::arg("first_row") = 0, py::arg("threads") = 1);
}

}  // namespace

void bind_random_kernels(py::module_& m) {
  bind_dropout<float>(m);
  bind_dropout<double>(m);
  bind_gaussian_noise<float>(m);
  bind_gaussian_noise<double>(m);
}

}  // namespace fastdnn::bindings
