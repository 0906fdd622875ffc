#include <pybind11/stl.h>

#include "bindings/register.h"
#include "core/cpu.h"
#include "core/float_control.h"
#include "core/team.h"
#include "core/threads.h"
#include "isa/dispatch.h"
#include "isa/table.h"

namespace fastdnn::bindings {

void register_info(py::module_& m) {
  kernel_table();  // a bad FASTDNN_ISA is an error of the import, not of the first fit
  m.def(
      "build_info",
      [] {
        py::dict info;
        info["isa"] = kernel_table().unit;
        info["isa_available"] = available_units();
        info["cpu"] = cpu_name();
        info["threading"] = team_backend();
        info["compiler"] = FASTDNN_COMPILER;
        info["flags"] = FASTDNN_FLAGS;
        info["build_type"] = FASTDNN_BUILD_TYPE;
        return info;
      },
      "What this build is and which of its instruction sets runs.");
  m.def(
      "machine_threads",
      [] {
        const ThreadDefault found = machine_threads();
        return std::make_pair(found.count, found.reason);
      },
      "The default number of threads and what decided it.");
  m.def("set_num_threads", &set_num_threads, py::arg("threads"),
        "The number of threads of calls that name none; 0: default.");
  m.def(
      "set_flush_denormal",
      [](bool on) {
        set_flush_denormal(on);
        return can_flush_denormal();
      },
      py::arg("on"), "Whether the core's threads take denormals for zero; False where they cannot.");
  m.def("num_threads_setting", &num_threads_setting, "What set_num_threads was given last, or 0.");
}

}  // namespace fastdnn::bindings
