/* SPDX-License-Identifier: MIT */
/*
 * engine.h - a TPM 2.0 behind a small interface: libtpms today (libtpms.c); another engine would implement this header.
 *
 * One TPM in a process, one call at a time. States: OFF (at first), ON after engine_start(). A start is what _TPM_Init is
 * for a device: PCRs are reset, objects and sessions in RAM are gone, TPM2_Startup is wanted; what the store holds is
 * kept, and an empty store is filled with a freshly manufactured TPM.
 *
 * The state blobs of engine_get_state() and engine_set_state() are the engine's own format. One that was not
 * authenticated must never be set.
 */
#ifndef SERVICES_VTPM_ENGINE_H
#define SERVICES_VTPM_ENGINE_H

#include "lib/types.h"
#include "services/vtpm/store.h"

#define ENGINE_LOCALITY_MAX 4u
#define ENGINE_RESPONSE_MAX 4092u /* with the monitor's header a page */
#define ENGINE_COMMAND_MAX 4087u

/* Names of all objects that the engine keeps in a store, ended by NULL. */
extern const char *const engine_objects[];

/*
 * OFF to ON. The store must live until engine_stop(). ERR_FAULT: state that does not load, a store that fails, or a
 * failed self-test; the engine is OFF then, and the store as it was.
 */
int engine_start(const struct store *store) __must_check;

/* ON to OFF. What RAM held is gone; the store keeps what it has. */
void engine_stop(void);

/*
 * Executes a command (a TPM's command with its header). The size of the response, at most capacity and at least a header;
 * 0: the engine has none, or it does not fit.
 */
uint32_t engine_process(uint32_t locality, const uint8_t *command, uint32_t size, uint8_t *response, uint32_t capacity);

/* All of the state in RAM or in the store. *data is from malloc(), the caller's. ERR_FAULT, ERR_NO_MEMORY. */
enum engine_state { ENGINE_STATE_PERMANENT, ENGINE_STATE_VOLATILE };
int engine_get_state(enum engine_state kind, uint8_t **data, uint32_t *size) __must_check;

/* OFF only, before engine_start(), which then starts from it. ERR_FORMAT: the engine does not take it. */
int engine_set_state(enum engine_state kind, const uint8_t *data, uint32_t size) __must_check;

/* The events of a dynamic launch, as locality 4 sends them: start, data, end. ERR_FAULT. */
int engine_hash_start(void) __must_check;
int engine_hash_data(const uint8_t *data, uint32_t size) __must_check;
int engine_hash_end(void) __must_check;

#endif
