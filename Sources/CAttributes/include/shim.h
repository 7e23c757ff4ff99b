// Extended attributes of files, which `import Glibc` does not bring.
#ifndef CATTRIBUTES_SHIM_H
#define CATTRIBUTES_SHIM_H
#include <sys/xattr.h>
#endif
