#include "bindings/kernel_arguments.h"
#include "kernels/gemm.h"

namespace fastdnn::bindings {
namespace {

Epilogue epilogue_from(const std::string& name) {
  if (name == "none") return Epilogue::none;
  if (name == "bias") return Epilogue::bias;
  if (name == "bias_relu") return Epilogue::bias_relu;
  if (name == "relu_mask") return Epilogue::relu_mask;
  check(name == "accumulate", "gemm", "expected an epilogue, got '", name, "'");
  return Epilogue::accumulate;
}

template <class T>
void bind_gemm(py::module_& m) {
  m.def(
      "gemm",
      [](Array<T> c, const Array<T>& a, const Array<T>& b, bool transpose_a, bool transpose_b,
         const std::string& epilogue, const Optional<T>& bias, const Optional<T>& mask, int threads,
         bool by_rows) {
        Gemm<T> g{output_matrix(c, "gemm"), input_matrix(a, "gemm"), input_matrix(b, "gemm")};
        g.transpose_a = transpose_a;
        g.transpose_b = transpose_b;
        g.epilogue = epilogue_from(epilogue);
        const Index k = transpose_a ? g.a.rows : g.a.cols;
        check((transpose_a ? g.a.cols : g.a.rows) == g.c.rows &&
                  (transpose_b ? g.b.rows : g.b.cols) == g.c.cols && (transpose_b ? g.b.cols : g.b.rows) == k,
              "gemm", "expected shapes of a product");
        const bool needs_bias = g.epilogue == Epilogue::bias || g.epilogue == Epilogue::bias_relu;
        check(needs_bias == bias.has_value(), "gemm", "expected a bias with, and only with, its epilogues");
        check((g.epilogue == Epilogue::relu_mask) == mask.has_value(), "gemm",
              "expected a mask with relu_mask only");
        g.bias = optional_vector(bias, g.c.cols, "gemm");
        if (mask) {
          g.mask = input_matrix(*mask, "gemm");
          same_shape(g.c, g.mask, "gemm");
        }
        const Index scratch = gemm_scratch_size<T>(g.c.rows, g.c.cols, k, transpose_a, transpose_b);
        const auto buffer = kernel_scratch(scratch * threads * static_cast<Index>(sizeof(T)));
        on_team(threads, [&](Team& team) {
          T* mine = reinterpret_cast<T*>(buffer->data()) + scratch * team.rank();
          if (by_rows) {
            gemm_by_rows(team, g, mine);
          } else {
            gemm(team, g, mine);
          }
        });
      },
      py::arg("c").noconvert(), py::arg("a").noconvert(), py::arg("b").noconvert(),
      py::arg("transpose_a") = false, py::arg("transpose_b") = false, py::arg("epilogue") = "none",
      py::arg("bias") = py::none(), py::arg("mask") = py::none(), py::arg("threads") = 1,
      py::arg("by_rows") = false);
}

}  // namespace

void bind_gemm_kernels(py::module_& m) {
  bind_gemm<float>(m);
  bind_gemm<double>(m);
}

}  // namespace fastdnn::bindings
