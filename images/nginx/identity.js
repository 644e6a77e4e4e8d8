// Returns the client's name for the access log. The load balancer has verified both tokens, and tasks accept connections
// only from it, so the signature is not checked again. Only names leave this file.

const LONGEST = 128;

function claims(token) {
    try {
        return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()) || {};
    } catch (e) {
        return {};
    }
}

function bearer(r) {
    const found = /^bearer +(\S+)$/i.exec(r.headersIn['Authorization'] || '');
    return found ? found[1] : '';
}

function name(value) {
    return typeof value === 'string' ? value.slice(0, LONGEST) : '';
}

// Returns the person who signed in. Without a token, the load balancer overwrites these headers. With a token, it applies
// its rule for tokens and does not overwrite them, so they are untrusted and ignored.
function person(r) {
    if (/^bearer /i.test(r.headersIn['Authorization'] || '')) {
        return '';
    }
    return name(claims(r.headersIn['X-Amzn-Oidc-Data'] || '').username) || name(r.headersIn['X-Amzn-Oidc-Identity']);
}

// Returns the app client that a machine's token was issued to.
function client(r) {
    return name(claims(bearer(r)).client_id);
}

export default { person, client };
