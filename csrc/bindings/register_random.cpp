#include "bindings/arrays.h"
#include "bindings/register.h"
#include "core/philox.h"

namespace fastdnn::bindings {

void register_random(py::module_& m) {
  m.def(
      "random_words",
      [](std::uint64_t seed, std::uint32_t stream, std::uint32_t step, Index n, Index first) {
        check(n >= 0 && n < (Index{1} << 40), "random_words", "expected 0 to 2^40 words, got ", n);
        check(first >= 0 && first < (Index{1} << 40) && first % 4 == 0, "random_words",
              "expected the first word to be a multiple of 4 below 2^40, got ", first);
        py::array_t<std::uint32_t> words(n);
        std::uint32_t* out = words.mutable_data();
        for (Index i = 0; i < n; i += 4) {
          const PhiloxBlock block =
              random_block(seed, stream, step, static_cast<std::uint64_t>((first + i) / 4));
          for (Index j = i; j < n && j < i + 4; ++j) out[j] = block[static_cast<std::size_t>(j - i)];
        }
        return words;
      },
      py::arg("seed"), py::arg("stream"), py::arg("step"), py::arg("n"), py::arg("first") = 0,
      "n 32-bit values of (seed, stream, step), from number `first` on.");
  m.def(
      "random_uniform",
      [](std::uint64_t seed, std::uint32_t stream, std::uint32_t step, Index n, Index first) {
        check(n >= 0 && n < (Index{1} << 39), "random_uniform", "expected 0 to 2^39 numbers, got ", n);
        check(first >= 0 && first < (Index{1} << 39) && first % 2 == 0, "random_uniform",
              "expected the first number to be even and below 2^39, got ", first);
        py::array_t<double> numbers(n);
        double* out = numbers.mutable_data();
        {
          const py::gil_scoped_release released;
          random_uniform(out, n, first, seed, stream, step);
        }
        return numbers;
      },
      py::arg("seed"), py::arg("stream"), py::arg("step"), py::arg("n"), py::arg("first") = 0,
      "n numbers between 0 and 1 of (seed, stream, step), from number `first` on, of two words each.");
  m.def(
      "random_permutation",
      [](Index n, std::uint64_t seed, std::uint32_t epoch) {
        check(n >= 0 && n < (Index{1} << 31), "random_permutation", "expected 0 to 2^31 - 1 rows, got ", n);
        py::array_t<std::int32_t> order(n);
        if (n > 0) random_permutation(order.mutable_data(), n, seed, epoch);
        return order;
      },
      py::arg("n"), py::arg("seed"), py::arg("epoch"), "The order of 0..n-1 in an epoch.");
}

}  // namespace fastdnn::bindings
