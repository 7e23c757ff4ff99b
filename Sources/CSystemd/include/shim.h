// libsystemd's journal reader.
#ifndef CSYSTEMD_SHIM_H
#define CSYSTEMD_SHIM_H
#include <systemd/sd-journal.h>
#endif
