/* SPDX-License-Identifier: MIT */
/* region.h - where the monitor's region lies in programs of the host: as in images of the recipe "qemu". */
#ifndef TESTS_MOCK_REGION_H
#define TESTS_MOCK_REGION_H

#define MONITOR_GPA 0xFC000000ull

#endif
