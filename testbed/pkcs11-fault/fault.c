/*
 * A PKCS#11 module that stands before another one and misbehaves as it is told: every call goes on to the real token,
 * unless the control file says otherwise. What a test needs to see of hangs, lost devices and broken answers happens
 * at the C boundary, where a native call can be neither interrupted nor faked from Java.
 *
 * C_Initialize takes "target=MODULE;control=FILE;inner=ARGUMENTS" as its reserved string; inner, the last, is the target's
 * own. The control file is shared memory of 4-byte words, see CONTROL below. One copy of this file serves one target.
 *
 * PKCS#11 v2.40, sections 3 (types) and 5 (functions); https://docs.oasis-open.org/pkcs11/pkcs11-base/v2.40/
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef unsigned long CK_RV, CK_ULONG, *CK_ULONG_PTR;
typedef unsigned char CK_BYTE, *CK_BYTE_PTR;
typedef void *CK_VOID_PTR;
typedef struct { void *create, *destroy, *lock, *unlock; CK_ULONG flags; char *reserved; } INIT_ARGS;

/* CK_FUNCTION_LIST: a version of two bytes, padded, then 68 functions in the order of the standard. */
enum {
  INITIALIZE, FINALIZE, GET_INFO, GET_FUNCTION_LIST, GET_SLOT_LIST, GET_SLOT_INFO, GET_TOKEN_INFO, GET_MECHANISM_LIST,
  GET_MECHANISM_INFO, INIT_TOKEN, INIT_PIN, SET_PIN, OPEN_SESSION, CLOSE_SESSION, CLOSE_ALL_SESSIONS, GET_SESSION_INFO,
  GET_OPERATION_STATE, SET_OPERATION_STATE, LOGIN, LOGOUT, CREATE_OBJECT, COPY_OBJECT, DESTROY_OBJECT, GET_OBJECT_SIZE,
  GET_ATTRIBUTE_VALUE, SET_ATTRIBUTE_VALUE, FIND_OBJECTS_INIT, FIND_OBJECTS, FIND_OBJECTS_FINAL, ENCRYPT_INIT, ENCRYPT,
  ENCRYPT_UPDATE, ENCRYPT_FINAL, DECRYPT_INIT, DECRYPT, GENERATE_KEY = 58, FUNCTIONS = 68,
  MESSAGE_ENCRYPT_INIT = 72, ENCRYPT_MESSAGE, MESSAGE_ENCRYPT_FINAL = 76, FUNCTIONS_3 = 92 /* of version 3.0 */
};
typedef struct { CK_BYTE version[2]; void *call[FUNCTIONS_3]; } LIST;
typedef struct { const char *name; LIST *list; CK_ULONG flags; } INTERFACE;

#define CKR_DEVICE_REMOVED 0x32UL
#define CKR_TOKEN_NOT_PRESENT 0xE0UL
#define CKR_ARGUMENTS_BAD 0x07UL
#define CKR_GENERAL_ERROR 0x05UL
#define CKR_FUNCTION_NOT_SUPPORTED 0x54UL
#define CKR_OBJECT_HANDLE_INVALID 0x82UL

/* CONTROL: words of the file. The tests write FAULT and CODE, and read the rest. */
enum {
  FAULT,  /* one of the kinds below */
  CODE,   /* what RETURN_CODE returns */
  HANGING, /* calls that hang now */
  OPENED, CLOSED, /* sessions, in all */
  LOGINS, /* in all, whatever came of them */
  CALLS,  /* in all */
  WORDS = 16
};
enum {
  NONE,
  RETURN_CODE,    /* session calls return CODE and do nothing */
  GONE,           /* the token is pulled out: sessions are dead, there is no token; put back by NONE */
  HANG,           /* session calls do not come back until this ends */
  SHORT_ANSWER,   /* encrypt and decrypt give a byte too few */
  LOSE_ONCE,      /* all sessions die before the next session call, then all is well */
  KEYS_HIDDEN,    /* searches find nothing, though the token is there and well */
  DECRYPT_RETURNS, /* C_Decrypt alone returns CODE, whatever it was given */
  STORAGE_GONE,   /* what SoftHSM 2.6.1 says when its files are taken away: nothing found, dead handles, no description */
  ONE_HIDDEN      /* searches find one object less than there are */
};

static LIST *real;
static LIST *real3; /* the target's list of version 3.0, if it has one */
static LIST mine;
static volatile uint32_t *control;
static uint32_t spare[WORDS];
static volatile uint32_t pulled; /* sessions have been closed for this GONE */

static void count(int word) { __atomic_add_fetch(&control[word], 1, __ATOMIC_SEQ_CST); }
static uint32_t fault(void) { return __atomic_load_n(&control[FAULT], __ATOMIC_SEQ_CST); }

#define REAL(index, types) ((CK_RV (*) types)real->call[index])

/* SoftHSM frees a session under a call that uses it: nobody may be inside when all are closed from here. */
static pthread_rwlock_t inside = PTHREAD_RWLOCK_INITIALIZER;

static void leave(int *entered) {
  if (*entered) pthread_rwlock_unlock(&inside);
}

static void drop_sessions(void) {
  CK_ULONG slots[64], n = 64;
  pthread_rwlock_wrlock(&inside);
  if (REAL(GET_SLOT_LIST, (CK_BYTE, CK_ULONG_PTR, CK_ULONG_PTR))(1, slots, &n) != 0) n = 0;
  for (CK_ULONG i = 0; i < n; i++) REAL(CLOSE_ALL_SESSIONS, (CK_ULONG))(slots[i]);
  pthread_rwlock_unlock(&inside);
}

/* What becomes of a call before it is passed on; gone is what a pulled token makes of it. */
static CK_RV before(CK_RV gone) {
  count(CALLS);
  switch (fault()) {
    case RETURN_CODE: return control[CODE];
    case GONE:
      if (!__atomic_exchange_n(&pulled, 1, __ATOMIC_SEQ_CST)) drop_sessions();
      return gone;
    case HANG:
      count(HANGING);
      while (fault() == HANG) usleep(2000);
      __atomic_sub_fetch(&control[HANGING], 1, __ATOMIC_SEQ_CST);
      return before(gone);
    case LOSE_ONCE: {
      uint32_t expected = LOSE_ONCE;
      if (__atomic_compare_exchange_n(&control[FAULT], &expected, NONE, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) drop_sessions();
      return 0;
    }
    default:
      __atomic_store_n(&pulled, 0, __ATOMIC_SEQ_CST);
      return 0;
  }
}
/* Returns, or goes on inside until the function returns. */
#define ENTER(gone) \
  CK_RV early = before(gone); \
  if (early) return early; \
  __attribute__((cleanup(leave))) int entered = pthread_rwlock_rdlock(&inside) == 0; \
  (void)entered
#define SESSION_CALL() ENTER(CKR_DEVICE_REMOVED)
#define SLOT_CALL() ENTER(CKR_TOKEN_NOT_PRESENT)

static CK_RV get_slot_list(CK_BYTE present, CK_ULONG_PTR slots, CK_ULONG_PTR n) {
  CK_RV rv = before(0);
  if (rv) return rv;
  if (present && fault() == GONE) { *n = 0; return 0; }
  return REAL(GET_SLOT_LIST, (CK_BYTE, CK_ULONG_PTR, CK_ULONG_PTR))(present, slots, n);
}
static CK_RV get_token_info(CK_ULONG slot, CK_VOID_PTR info) {
  SLOT_CALL();
  if (fault() == STORAGE_GONE) return CKR_GENERAL_ERROR;
  return REAL(GET_TOKEN_INFO, (CK_ULONG, CK_VOID_PTR))(slot, info);
}
static CK_RV open_session(CK_ULONG slot, CK_ULONG flags, CK_VOID_PTR a, CK_VOID_PTR b, CK_ULONG_PTR session) {
  SLOT_CALL();
  CK_RV rv = REAL(OPEN_SESSION, (CK_ULONG, CK_ULONG, CK_VOID_PTR, CK_VOID_PTR, CK_ULONG_PTR))(slot, flags, a, b, session);
  if (rv == 0) count(OPENED);
  return rv;
}
static CK_RV close_session(CK_ULONG session) {
  SESSION_CALL();
  CK_RV rv = REAL(CLOSE_SESSION, (CK_ULONG))(session);
  if (rv == 0) count(CLOSED);
  return rv;
}
static CK_RV get_session_info(CK_ULONG session, CK_VOID_PTR info) {
  SESSION_CALL();
  return REAL(GET_SESSION_INFO, (CK_ULONG, CK_VOID_PTR))(session, info);
}
static CK_RV login(CK_ULONG session, CK_ULONG user, CK_BYTE_PTR pin, CK_ULONG n) {
  SESSION_CALL();
  count(LOGINS);
  return REAL(LOGIN, (CK_ULONG, CK_ULONG, CK_BYTE_PTR, CK_ULONG))(session, user, pin, n);
}
static CK_RV get_attribute_value(CK_ULONG session, CK_ULONG object, CK_VOID_PTR template, CK_ULONG n) {
  SESSION_CALL();
  if (fault() == STORAGE_GONE) return CKR_OBJECT_HANDLE_INVALID;
  return REAL(GET_ATTRIBUTE_VALUE, (CK_ULONG, CK_ULONG, CK_VOID_PTR, CK_ULONG))(session, object, template, n);
}
static CK_RV find_objects_init(CK_ULONG session, CK_VOID_PTR template, CK_ULONG n) {
  SESSION_CALL();
  return REAL(FIND_OBJECTS_INIT, (CK_ULONG, CK_VOID_PTR, CK_ULONG))(session, template, n);
}
static CK_RV find_objects(CK_ULONG session, CK_ULONG_PTR objects, CK_ULONG most, CK_ULONG_PTR n) {
  SESSION_CALL();
  CK_RV rv = REAL(FIND_OBJECTS, (CK_ULONG, CK_ULONG_PTR, CK_ULONG, CK_ULONG_PTR))(session, objects, most, n);
  if (rv == 0 && (fault() == KEYS_HIDDEN || fault() == STORAGE_GONE)) *n = 0;
  if (rv == 0 && *n > 0 && fault() == ONE_HIDDEN) (*n)--;
  return rv;
}
static CK_RV find_objects_final(CK_ULONG session) {
  SESSION_CALL();
  return REAL(FIND_OBJECTS_FINAL, (CK_ULONG))(session);
}
static CK_RV crypt_init(int function, CK_ULONG session, CK_VOID_PTR mechanism, CK_ULONG key) {
  SESSION_CALL();
  if (fault() == STORAGE_GONE) return CKR_OBJECT_HANDLE_INVALID;
  return REAL(function, (CK_ULONG, CK_VOID_PTR, CK_ULONG))(session, mechanism, key);
}
static CK_RV encrypt_init(CK_ULONG s, CK_VOID_PTR m, CK_ULONG k) { return crypt_init(ENCRYPT_INIT, s, m, k); }
static CK_RV decrypt_init(CK_ULONG s, CK_VOID_PTR m, CK_ULONG k) { return crypt_init(DECRYPT_INIT, s, m, k); }
static CK_RV run_crypt(int function, CK_ULONG session, CK_BYTE_PTR in, CK_ULONG inN, CK_BYTE_PTR out, CK_ULONG_PTR outN) {
  SESSION_CALL();
  CK_RV rv = REAL(function, (CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR))(session, in, inN, out, outN);
  if (function == DECRYPT && out != NULL && fault() == DECRYPT_RETURNS) return control[CODE];
  if (rv == 0 && out != NULL && *outN > 0 && fault() == SHORT_ANSWER) (*outN)--;
  return rv;
}
static CK_RV encrypt_(CK_ULONG s, CK_BYTE_PTR i, CK_ULONG n, CK_BYTE_PTR o, CK_ULONG_PTR m) { return run_crypt(ENCRYPT, s, i, n, o, m); }
static CK_RV decrypt_(CK_ULONG s, CK_BYTE_PTR i, CK_ULONG n, CK_BYTE_PTR o, CK_ULONG_PTR m) { return run_crypt(DECRYPT, s, i, n, o, m); }
static CK_RV generate_key(CK_ULONG session, CK_VOID_PTR mechanism, CK_VOID_PTR template, CK_ULONG n, CK_ULONG_PTR key) {
  SESSION_CALL();
  return REAL(GENERATE_KEY, (CK_ULONG, CK_VOID_PTR, CK_VOID_PTR, CK_ULONG, CK_ULONG_PTR))(session, mechanism, template, n, key);
}

/* What NSS needs, whose C_Encrypt tells the length of an answer without the tag. */
static CK_RV message_encrypt_init(CK_ULONG session, CK_VOID_PTR mechanism, CK_ULONG key) {
  if (real3 == NULL) return CKR_FUNCTION_NOT_SUPPORTED;
  SESSION_CALL();
  if (fault() == STORAGE_GONE) return CKR_OBJECT_HANDLE_INVALID;
  return ((CK_RV (*)(CK_ULONG, CK_VOID_PTR, CK_ULONG))real3->call[MESSAGE_ENCRYPT_INIT])(session, mechanism, key);
}
static CK_RV encrypt_message(CK_ULONG session, CK_VOID_PTR parameter, CK_ULONG parameterN, CK_BYTE_PTR aad, CK_ULONG aadN,
    CK_BYTE_PTR in, CK_ULONG inN, CK_BYTE_PTR out, CK_ULONG_PTR outN) {
  SESSION_CALL();
  CK_RV rv = ((CK_RV (*)(CK_ULONG, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
      CK_ULONG_PTR))real3->call[ENCRYPT_MESSAGE])(session, parameter, parameterN, aad, aadN, in, inN, out, outN);
  if (rv == 0 && out != NULL && *outN > 0 && fault() == SHORT_ANSWER) (*outN)--;
  return rv;
}
static CK_RV message_encrypt_final(CK_ULONG session) {
  SESSION_CALL();
  return ((CK_RV (*)(CK_ULONG))real3->call[MESSAGE_ENCRYPT_FINAL])(session);
}

/* The value of "name=" up to the next ';', or to the end; freed by nobody. */
static char *part(const char *text, const char *name, int rest) {
  const char *at = strstr(text, name);
  if (at == NULL) return NULL;
  at += strlen(name);
  return strndup(at, rest ? strlen(at) : strcspn(at, ";"));
}

CK_RV C_GetFunctionList(LIST **list);

static CK_RV initialize(CK_VOID_PTR given) {
  INIT_ARGS *args = given;
  if (real == NULL) {
    if (args == NULL || args->reserved == NULL) return CKR_ARGUMENTS_BAD;
    char *target = part(args->reserved, "target=", 0), *file = part(args->reserved, "control=", 0);
    if (target == NULL || file == NULL) return CKR_ARGUMENTS_BAD;
    int fd = open(file, O_RDWR);
    if (fd < 0) { perror(file); return CKR_GENERAL_ERROR; }
    void *mapped = mmap(NULL, sizeof(uint32_t) * WORDS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    void *lib = dlopen(target, RTLD_NOW | RTLD_LOCAL);
    if (mapped == MAP_FAILED || lib == NULL) { fprintf(stderr, "fault: %s\n", dlerror()); return CKR_GENERAL_ERROR; }
    CK_RV (*list)(LIST **) = (CK_RV (*)(LIST **))dlsym(lib, "C_GetFunctionList");
    LIST *found;
    if (list == NULL || list(&found) != 0) return CKR_GENERAL_ERROR;
    CK_RV (*interface)(const char *, void *, INTERFACE **, CK_ULONG) =
        (CK_RV (*)(const char *, void *, INTERFACE **, CK_ULONG))dlsym(lib, "C_GetInterface");
    INTERFACE *newest;
    if (interface != NULL && interface("PKCS 11", NULL, &newest, 0) == 0 && newest->list->version[0] >= 3) real3 = newest->list;
    control = mapped;
    real = found;
    for (int i = 0; i < FUNCTIONS; i++) {
      if (i != INITIALIZE && i != GET_FUNCTION_LIST && mine.call[i] == NULL) mine.call[i] = real->call[i];
    }
  }
  INIT_ARGS inner = *args;
  inner.reserved = args->reserved == NULL ? NULL : part(args->reserved, "inner=", 1);
  if (inner.reserved != NULL && *inner.reserved == 0) inner.reserved = NULL;
  return REAL(INITIALIZE, (CK_VOID_PTR))(&inner);
}

/* Bindings that look for version 3.0 look here. */
CK_RV C_GetInterfaceList(INTERFACE *interfaces, CK_ULONG_PTR n) {
  LIST *list;
  C_GetFunctionList(&list);
  if (interfaces != NULL) *interfaces = (INTERFACE){"PKCS 11", list, 0};
  *n = 1;
  return 0;
}

CK_RV C_GetFunctionList(LIST **list) {
  if (mine.version[0] == 0) {
    control = spare;
    mine.version[0] = 3;
    mine.version[1] = 0;
    mine.call[INITIALIZE] = initialize;
    mine.call[GET_FUNCTION_LIST] = C_GetFunctionList;
    mine.call[GET_SLOT_LIST] = get_slot_list;
    mine.call[GET_TOKEN_INFO] = get_token_info;
    mine.call[OPEN_SESSION] = open_session;
    mine.call[CLOSE_SESSION] = close_session;
    mine.call[GET_SESSION_INFO] = get_session_info;
    mine.call[LOGIN] = login;
    mine.call[GET_ATTRIBUTE_VALUE] = get_attribute_value;
    mine.call[FIND_OBJECTS_INIT] = find_objects_init;
    mine.call[FIND_OBJECTS] = find_objects;
    mine.call[FIND_OBJECTS_FINAL] = find_objects_final;
    mine.call[ENCRYPT_INIT] = encrypt_init;
    mine.call[DECRYPT_INIT] = decrypt_init;
    mine.call[ENCRYPT] = encrypt_;
    mine.call[DECRYPT] = decrypt_;
    mine.call[GENERATE_KEY] = generate_key;
    mine.call[MESSAGE_ENCRYPT_INIT] = message_encrypt_init;
    mine.call[ENCRYPT_MESSAGE] = encrypt_message;
    mine.call[MESSAGE_ENCRYPT_FINAL] = message_encrypt_final;
  }
  *list = &mine;
  return 0;
}
