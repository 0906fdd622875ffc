#include "bindings/kernel_arguments.h"
#include "kernels/norm.h"

namespace fastdnn::bindings {
namespace {

template <class T>
void bind_norms(py::module_& m) {
  const auto bind = [&m](const char* name, auto norm) {
    m.def(
        name,
        [name, norm](const Array<T>& x, int threads) {
          const Index n = x.ndim() == 1 ? x.shape(0) : -1;
          const T* data = vector_of(x, n, name);
          std::vector<double> partials(static_cast<std::size_t>(partial_sums(n)));
          double result = 0;
          on_team(threads, [&](Team& team) {
            const double mine = norm(team, partials.data(), data, n);
            if (team.rank() == team.size() - 1) result = mine;
          });
          return result;
        },
        py::arg("x").noconvert(), py::arg("threads") = 1);
  };
  bind("sum_of_squares", &sum_of_squares<T>);
  bind("l1_norm", &l1_norm<T>);
  bind("l2_norm", &l2_norm<T>);
  bind("max_abs", &max_abs<T>);
}

}  // namespace

void bind_data_kernels(py::module_& m) {
  bind_norms<float>(m);
  bind_norms<double>(m);
}

}  // namespace fastdnn::bindings
