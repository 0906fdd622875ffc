#include "bindings/kernel_arguments.h"
#include "kernels/update.h"

namespace fastdnn::bindings {
namespace {

// Elements of a cache line: no two threads write to the same one.
template <class T>
constexpr Index kLine = kAlignment / static_cast<Index>(sizeof(T));

template <class T>
void bind_updates(py::module_& m) {
  m.def(
      "sgd_update",
      [](Array<T> theta, Optional<T> velocity, const Array<T>& gradient, double learning_rate,
         double momentum, bool nesterov, int threads) {
        const Index n = gradient.ndim() == 1 ? gradient.shape(0) : -1;
        T* out = vector_out(theta, n, "sgd_update");
        T* state = velocity ? vector_out(*velocity, n, "sgd_update") : nullptr;
        const T* g = vector_of(gradient, n, "sgd_update");
        const SgdStep step{learning_rate, momentum, nesterov};
        on_team(threads, [&](Team& team) {
          const Range share = team.share(n, kLine<T>);
          sgd_update<T>(out + share.begin, state == nullptr ? nullptr : state + share.begin, g + share.begin,
                        share.size(), step);
        });
      },
      py::arg("theta").noconvert(), py::arg("velocity").noconvert().none(true),
      py::arg("gradient").noconvert(), py::arg("learning_rate"), py::arg("momentum"), py::arg("nesterov"),
      py::arg("threads") = 1);
  m.def(
      "adam_update",
      [](Array<T> theta, Array<T> first, Array<T> second, const Array<T>& gradient, double learning_rate,
         double beta_1, double beta_2, double epsilon, std::int64_t t, int threads) {
        const Index n = gradient.ndim() == 1 ? gradient.shape(0) : -1;
        T* out = vector_out(theta, n, "adam_update");
        T* m_state = vector_out(first, n, "adam_update");
        T* v_state = vector_out(second, n, "adam_update");
        const T* g = vector_of(gradient, n, "adam_update");
        const AdamStep step = adam_step(learning_rate, beta_1, beta_2, epsilon, t);
        on_team(threads, [&](Team& team) {
          const Range share = team.share(n, kLine<T>);
          adam_update<T>(out + share.begin, m_state + share.begin, v_state + share.begin, g + share.begin,
                         share.size(), step);
        });
      },
      py::arg("theta").noconvert(), py::arg("m").noconvert(), py::arg("v").noconvert(),
      py::arg("gradient").noconvert(), py::arg("learning_rate"), py::arg("beta_1"), py::arg("beta_2"),
      py::arg("epsilon"), py::arg("t"), py::arg("threads") = 1);
}

}  // namespace

void bind_update_kernels(py::module_& m) {
  bind_updates<float>(m);
  bind_updates<double>(m);
}

}  // namespace fastdnn::bindings
