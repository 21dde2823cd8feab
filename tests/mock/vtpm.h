/* SPDX-License-Identifier: MIT */
/* vtpm.h - a service behind the vTPM's door that knows one request: its manifest. */
#ifndef TESTS_MOCK_VTPM_H
#define TESTS_MOCK_VTPM_H

#include "abi/service.h"
#include "tests/mock/mock.h"

extern uint8_t mock_manifest[PAGE_SIZE];
extern struct vtpm_reply mock_vtpm_reply; /* its size is that of the manifest */
extern bool mock_vtpm_slow; /* it works, but does not come to an end */
extern bool mock_vtpm_dies; /* at the next request */
extern bool mock_vtpm_no_page; /* replies without its page */
extern uint32_t mock_vtpm_requests; /* that it has answered */
extern struct vtpm_request mock_vtpm_request; /* the last one, and its page */
extern uint8_t mock_vtpm_command[PAGE_SIZE];

/* Starts it (in place of one that ran before) and opens the door. */
void mock_vtpm_start(void);

#endif
