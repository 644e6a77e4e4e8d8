// Who asks, by name, for the access log. The balancer has verified both tokens, and tasks accept the balancer alone,
// so the signature is not checked a second time; nothing but a name leaves this file.

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

// The person who signed in. The balancer takes its rule for tokens exactly when there is one, and overwrites these
// headers otherwise: beside a token they are whatever the client wrote.
function person(r) {
    if (/^bearer /i.test(r.headersIn['Authorization'] || '')) {
        return '';
    }
    return name(claims(r.headersIn['X-Amzn-Oidc-Data'] || '').username) || name(r.headersIn['X-Amzn-Oidc-Identity']);
}

// The app client that a machine's token was issued to.
function client(r) {
    return name(claims(bearer(r)).client_id);
}

export default { person, client };
